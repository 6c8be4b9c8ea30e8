// The squared length of all gradients together, and whether one of them is NaN or infinite.
//
//   parts[block] = Σ g²        NaN where some g is NaN or infinite (a square that overflows gives infinity, not NaN)
//
// The update adds the parts up itself, in every block and in the same order, so that it needs no word from the host.
//
// Launch  256 blocks of 256 threads, which stride over all parameters' gradients, four at a time.
// Moves   every gradient once.

extern "C" __global__ void __launch_bounds__(256) gradient_norm(const Four* g, T* parts, whole fours)
{
    __shared__ T room[256];
    T sum = T(0), bad = T(0);
#pragma unroll 4
    for (whole i = (whole)blockIdx.x * 256 + threadIdx.x; i < fours; i += (whole)gridDim.x * 256) {
        const Four four = g[i];
        for (int e = 0; e < 4; e++) {
            sum += four.v[e] * four.v[e];
            bad += four.v[e] - four.v[e];
        }
    }
    sum = block_sum<256>(sum + bad, room);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}
