// What every update begins with: was the step good, and how much are its gradients to be shortened?

#define STEP 0  // places in `control`, which the host writes before each step
#define SLOT 1
#define RATE 2
#define MAX_NORM 3

struct Step { bool good; T scale; };

// Good is a step whose loss and gradients are finite, with no bad step before it: after a bad one nothing changes until
// the host has heard of it. All blocks come to the same answer; the first keeps the loss and the number of the bad step.
__device__ inline Step examine(const T* loss, const T* parts, const double* control, whole* status, T* losses)
{
    __shared__ T room[256];
    const T squared = block_sum<256>(parts[threadIdx.x], room);
    const whole bad_before = *(volatile whole*)status;
    Step step = {is_finite(*loss) && squared == squared && bad_before == 0, T(1)};
    const T norm = sqrt(squared), most = T(control[MAX_NORM]);
    if (most > T(0) && norm > most) step.scale = most / norm;
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        losses[(whole)control[SLOT]] = *loss;
        if (!step.good && bad_before == 0) *status = (whole)control[STEP];
    }
    return step;
}
