// Adam, and AdamW, over all parameters in one launch (Kingma and Ba 2015; Loshchilov and Hutter 2019).
//
//   W := W − α λ W      m := β₁ m + (1 − β₁) g      v := β₂ v + (1 − β₂) g²
//   W := W − α m̂ / (√v̂ + ε)                         m̂ = m / (1 − β₁ᵗ)      v̂ = v / (1 − β₂ᵗ)
//
// Launch  256 threads a block, blocks for one wave over the GPU; a thread takes four parameters at a time.
// Moves   g, m, v and W in, m, v and W out: 28 bytes a parameter in float32. It is a matter of memory alone.

#define BETA1 4
#define BETA2 5
#define LEFT1 6   // 1 − β₁
#define LEFT2 7
#define GONE1 8   // 1 − β₁ᵗ
#define GONE2 9
#define EPSILON 10
#define DECAY 11  // α λ

extern "C" __global__ void __launch_bounds__(256) adam(
    Four* W, const Four* g, Four* m, Four* v, whole fours,
    const T* loss, const T* parts, const double* control, whole* status, T* losses)
{
    const Step step = examine(loss, parts, control, status, losses);
    if (!step.good) return;
    const T rate = T(control[RATE]), beta1 = T(control[BETA1]), beta2 = T(control[BETA2]);
    const T left1 = T(control[LEFT1]), left2 = T(control[LEFT2]), gone1 = T(control[GONE1]), gone2 = T(control[GONE2]);
    const T epsilon = T(control[EPSILON]), decay = T(control[DECAY]);
    for (whole i = (whole)blockIdx.x * 256 + threadIdx.x; i < fours; i += (whole)gridDim.x * 256) {
        Four w = W[i], mean = m[i], square = v[i];
        const Four d = g[i];
        for (int e = 0; e < 4; e++) {
            const T slope = d.v[e] * step.scale;
            w.v[e] -= decay * w.v[e];
            mean.v[e] = beta1 * mean.v[e] + left1 * slope;
            square.v[e] = beta2 * square.v[e] + left2 * slope * slope;
            w.v[e] -= rate * (mean.v[e] / gone1) / (sqrt(square.v[e] / gone2) + epsilon);
        }
        m[i] = mean;
        v[i] = square;
        W[i] = w;
    }
}
