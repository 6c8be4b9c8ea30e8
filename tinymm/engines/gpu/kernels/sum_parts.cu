// The second stage of every two-stage sum.
//
//   out[m,n] = f(Σ_z parts[z,m,n] + bias[n])       in the order of z, whatever the GPU does
//
// The first `split` numbers go to `out`, whose rows of N lie `step` apart; the rest, if any, to `rest`: a bias's
// gradient often ends the same parts as its weights'.
//
// Launch  ⌈size/X⌉ blocks of X × Y threads: x along the numbers, y along the parts. Y is 1 where there are numbers enough for
//         the whole GPU, and up to 32 where there are few.
// Moves   every part once, each warp 32 neighbours at a time; the result once.

extern "C" __global__ void __launch_bounds__(X * Y) sum_parts(
    const T* parts, whole count, whole size, T* out, whole N, whole step, whole split, T* rest, const T* bias)
{
    const whole i = (whole)blockIdx.x * X + threadIdx.x;
    T sum = T(0);
    if (i < size)
#pragma unroll 4
        for (whole z = threadIdx.y; z < count; z += Y) sum += parts[z * size + i];
    if (Y > 1) {
        __shared__ T sums[Y][X + 1];
        sums[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.y == 0)
            for (int y = 1; y < Y; y++) sum += sums[y][threadIdx.x];
    }
    if (threadIdx.y || i >= size) return;
    if (i >= split) rest[i - split] = sum;
    else out[i / N * step + i % N] = activate<ACT>(sum + (bias ? bias[i % N] : T(0)));
}
