// The gradient of the table: each token's gradients added up in the order of the text, without atomics.
//
//   dW[v] = Σ dy[place]     over all places with ids[place] = v
//
// Launch  a block for every place of the sorted tiles, 32 × 8 threads. The block whose key is the first of its token,
//         in its tile and in all tiles before, adds the token up: each thread searches a tile, then x runs along the
//         features, y along the places, and the eight sums are added in order. All other blocks end at once. dW must be
//         zero before.
// Moves   every row of dy once, the rows of dW that have tokens once.

__device__ inline int lower(const unsigned long long* keys, unsigned long long wanted)
{
    int low = 0, high = TILE;  // the first key of the tile that is not below `wanted`
    while (low < high) {
        const int middle = (low + high) / 2;
        if (keys[middle] < wanted) low = middle + 1;
        else high = middle;
    }
    return low;
}

extern "C" __global__ void __launch_bounds__(256) embedding_gather(
    const unsigned long long* keys, const T* dy, T* dW, whole tiles, whole steps, whole dy_sample, whole V, whole M, whole padding)
{
    __shared__ T sums[8][33];
    __shared__ int begin[256], end[256], seen;
    const int tid = threadIdx.y * 32 + threadIdx.x, place = blockIdx.x % TILE;
    const whole own = blockIdx.x / TILE;
    const unsigned long long key = keys[blockIdx.x], id = key >> 32;
    if (id >= (unsigned long long)V || (whole)id == padding) return;
    if (place && keys[blockIdx.x - 1] >> 32 == id) return;
    if (tid == 0) seen = 0;
    __syncthreads();
    for (whole tile = tid; tile < own; tile += 256) {  // each thread looks into a tile of its own
        const int at = lower(keys + tile * TILE, id << 32);
        if (at < TILE && keys[tile * TILE + at] >> 32 == id) seen = 1;
    }
    __syncthreads();
    if (seen) return;
    for (whole m0 = 0; m0 < M; m0 += 32) {
        const whole m = m0 + threadIdx.x;
        T sum = T(0);
        for (whole first = own; first < tiles; first += 256) {
            const int found = tiles - first < 256 ? (int)(tiles - first) : 256;
            if (tid < found && (m0 == 0 || tiles - own > 256)) {
                begin[tid] = lower(keys + (first + tid) * TILE, id << 32);
                end[tid] = lower(keys + (first + tid) * TILE, (id + 1) << 32);
            }
            __syncthreads();
            for (int tile = 0; tile < found; tile++)
                for (int s = begin[tile] + threadIdx.y; s < end[tile]; s += 8) {
                    const whole r = keys[(first + tile) * TILE + s] & 0xffffffffull;
                    if (m < M) sum += dy[r / steps * dy_sample + r % steps * M + m];
                }
            __syncthreads();
        }
        sums[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.y == 0 && m < M) {
            for (int k = 1; k < 8; k++) sum += sums[k][threadIdx.x];
            dW[id * M + m] = sum;
        }
    }
}
