// The gradient of the table with atomic additions: quicker to write, but the order, and so the last bits, are the GPU's.
//
//   dW[ids[place]] += dy[place]
//
// Launch  ⌈places/8⌉ blocks of 32 × 8 threads: y picks the place, x runs along its features. dW must be zero before.
// Moves   every row of dy once, and a read and a write of dW for it. For deterministic=False only.

extern "C" __global__ void __launch_bounds__(256) embedding_atomic(
    const int* ids, const T* dy, T* dW, whole places, whole steps, whole dy_sample, whole V, whole M, whole padding)
{
    const whole r = (whole)blockIdx.x * 8 + threadIdx.y;
    if (r >= places) return;
    const int id = ids[r];
    if (id < 0 || id >= V || id == padding) return;
    for (whole m = threadIdx.x; m < M; m += 32) atomicAdd(dW + id * M + m, dy[r / steps * dy_sample + r % steps * M + m]);
}
