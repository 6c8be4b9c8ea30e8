// Gradient descent with momentum over all parameters in one launch (Polyak 1964).
//
//   v := μ v + g        W := W − α v
//
// Launch  256 threads a block, blocks for one wave over the GPU; a thread takes four parameters at a time.
// Moves   g, v and W in, v and W out: 20 bytes a parameter in float32.

#define MU 4

extern "C" __global__ void __launch_bounds__(256) momentum(
    Four* W, const Four* g, Four* v, whole fours, const T* loss, const T* parts, const double* control, whole* status, T* losses)
{
    const Step step = examine(loss, parts, control, status, losses);
    if (!step.good) return;
    const T rate = T(control[RATE]), mu = T(control[MU]);
    for (whole i = (whole)blockIdx.x * 256 + threadIdx.x; i < fours; i += (whole)gridDim.x * 256) {
        Four w = W[i], sum = v[i];
        const Four d = g[i];
        for (int e = 0; e < 4; e++) {
            sum.v[e] = mu * sum.v[e] + d.v[e] * step.scale;
            w.v[e] -= rate * sum.v[e];
        }
        v[i] = sum;
        W[i] = w;
    }
}
