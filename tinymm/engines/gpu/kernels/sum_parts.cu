// The second stage of every two-stage sum.
//
//   out[m,n] = f(Σ_z parts[z,m,n] + bias[n])       in the order of z, whatever the GPU does
//
// The first `split` numbers go to `out`, whose rows of N lie `step` apart; the rest, if any, to `rest`: a bias's
// gradient often ends the same parts as its weights'.
//
// Launch  ⌈size/32⌉ blocks of 32 × 32 threads: x along the numbers, y along the parts.
// Moves   every part once, each warp 32 neighbours at a time; the result once.

extern "C" __global__ void __launch_bounds__(1024) sum_parts(
    const T* parts, whole count, whole size, T* out, whole N, whole step, whole split, T* rest, const T* bias)
{
    __shared__ T sums[32][33];
    const whole i = (whole)blockIdx.x * 32 + threadIdx.x;
    T sum = T(0);
    if (i < size)
        for (whole z = threadIdx.y; z < count; z += 32) sum += parts[z * size + i];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y || i >= size) return;
    const int rows = count < 32 ? (int)count : 32;
    for (int y = 1; y < rows; y++) sum += sums[y][threadIdx.x];
    if (i >= split) rest[i - split] = sum;
    else out[i / N * step + i % N] = activate<ACT>(sum + (bias ? bias[i % N] : T(0)));
}
