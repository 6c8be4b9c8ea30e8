// out = scale · Σ parts, one number from many.
//
// Launch  one block of 1024 threads; each strides over the parts, then they add up in a tree. The order is always the same.
// Moves   every part once.

extern "C" __global__ void __launch_bounds__(1024) total(const T* parts, whole count, double scale, T* out)
{
    __shared__ T room[1024];
    T sum = T(0);
    for (whole i = threadIdx.x; i < count; i += 1024) sum += parts[i];
    sum = block_sum<1024>(sum, room);
    if (threadIdx.x == 0) *out = T(scale) * sum;
}
