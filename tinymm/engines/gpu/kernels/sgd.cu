// Gradient descent over all parameters in one launch (article 4.2).
//
//   W := W − α g
//
// Launch  256 threads a block, blocks for one wave over the GPU; a thread takes four parameters at a time.
// Moves   g and W in, W out: 12 bytes a parameter in float32.

extern "C" __global__ void __launch_bounds__(256) sgd(
    Four* W, const Four* g, whole fours, const T* loss, const T* parts, const double* control, whole* status, T* losses)
{
    const Step step = examine(loss, parts, control, status, losses);
    if (!step.good) return;
    const T rate = T(control[RATE]);
    for (whole i = (whole)blockIdx.x * 256 + threadIdx.x; i < fours; i += (whole)gridDim.x * 256) {
        Four w = W[i];
        const Four d = g[i];
        for (int e = 0; e < 4; e++) w.v[e] -= rate * (d.v[e] * step.scale);
        W[i] = w;
    }
}
