// Sort the tokens of a batch, tile by tile, so that equal ones lie side by side in the order of the text.
//
//   keys[s] = id · 2³² + place         sorted within each tile of TILE places; behind the last token, the largest number
//
// Launch  a block for each tile, TILE / 2 threads: a bitonic sort in shared memory (Batcher, AFIPS 1968).
// Moves   every id once, every key once.

extern "C" __global__ void __launch_bounds__(TILE / 2) embedding_sort(const int* ids, unsigned long long* keys, whole places)
{
    __shared__ unsigned long long key[TILE];
    const whole first = (whole)blockIdx.x * TILE;
    for (int e = threadIdx.x; e < TILE; e += TILE / 2) {
        const whole p = first + e;
        key[e] = p < places ? ((unsigned long long)(unsigned)ids[p] << 32) | (unsigned long long)p : ~0ull;
    }
    __syncthreads();
    for (int size = 2; size <= TILE; size *= 2)
        for (int jump = size / 2; jump > 0; jump /= 2) {
            const int a = 2 * jump * (threadIdx.x / jump) + threadIdx.x % jump, b = a + jump;
            const bool up = (a & size) == 0;
            const unsigned long long left = key[a], right = key[b];
            if ((left > right) == up) {
                key[a] = right;
                key[b] = left;
            }
            __syncthreads();
        }
    for (int e = threadIdx.x; e < TILE; e += TILE / 2) keys[first + e] = key[e];
}
