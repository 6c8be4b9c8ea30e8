// Embedding: copy rows of the table.
//
//   y[n,t] = W[ids[n,t]]            an id that has no row gives NaN, which ends the step with an error
//
// Launch  ⌈rows/8⌉ blocks of 32 × 8 threads: y picks the row, x runs along it.
// Moves   a row of W and a row of y for each token.

extern "C" __global__ void __launch_bounds__(256) embedding_forward(
    const int* ids, const T* W, T* y, whole steps, whole y_sample, whole rows, whole V, whole M)
{
    const whole r = (whole)blockIdx.x * 8 + threadIdx.y;
    if (r >= rows) return;
    const int id = ids[r];
    const bool known = id >= 0 && id < V;
    const T* from = W + (known ? id : 0) * M;
    T* to = y + r / steps * y_sample + r % steps * M;
    for (whole m = threadIdx.x; m < M; m += 32) to[m] = known ? from[m] : T(0) / T(0);
}
