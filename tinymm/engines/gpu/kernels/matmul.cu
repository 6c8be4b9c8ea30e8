// Matrix product with a bias and an activation.
//
//   C[m,n] = f(Σ_k A[m,k] B[k,n] + bias[n])
//
// A is stored as (M, K), or as (K, M) with TA; B as (K, N), or as (N, K) with TB. Stored rows lie where `Rows` says, so
// that a step of a sequence or a branch's slice of the joined array needs no copy.
//
// Launch  grid (⌈M/BM⌉, ⌈N/BN⌉, parts), 256 threads; a thread computes TM × TN numbers, BM = 16 TM, BN = 16 TN.
//         With several parts each sums its own `chunk` of k and writes parts[z] (M, N); sum_parts.cu adds them up
//         in order, so the result is the same to the last bit every time.
// Moves   A ⌈N/BN⌉ times and B ⌈M/BM⌉ times, C once; in between, 2 · TM · TN operations for TM + TN numbers from
//         shared memory. The next tiles travel while this one is multiplied.

#define BM (16 * TM)
#define BN (16 * TN)

// Row r begins at r · step, or, where sequences of `inner` rows lie `outer` apart, at (r / inner) · outer + (r % inner) · step.
struct Rows { const T* at; whole inner, outer, step; };

__device__ inline const T* row(const Rows& a, whole r)
{
    if (a.inner == 0) return a.at + r * a.step;
    const unsigned n = (unsigned)r / (unsigned)a.inner, t = (unsigned)r - n * (unsigned)a.inner;
    return a.at + n * a.outer + t * a.step;
}

// One number of a tile. `across` runs along the tile's longer side, k along the sum.
template <bool ROWS_ARE_K> __device__ inline T fetch(const Rows& a, whole across, whole k, whole width, whole end)
{
    if (across >= width || k >= end) return T(0);
    return ROWS_ARE_K ? row(a, k)[across] : row(a, across)[k];
}

extern "C" __global__ void __launch_bounds__(256) matmul(
    const T* a, whole a_inner, whole a_outer, whole a_step, const T* b, whole b_inner, whole b_outer, whole b_step,
    const T* bias, T* C, whole c_step, whole M, whole N, whole K, whole chunk)
{
    __shared__ __align__(16) T as[BK][BM + 4];
    __shared__ __align__(16) T bs[BK][BN + 4];
    const Rows A = {a, a_inner, a_outer, a_step}, B = {b, b_inner, b_outer, b_step};
    const int tid = threadIdx.x, tn = tid % 16, tm = tid / 16;
    const whole m0 = (whole)blockIdx.x * BM, n0 = (whole)blockIdx.y * BN;
    const whole begin = blockIdx.z * chunk, end = begin + chunk < K ? begin + chunk : K;
    T sum[TM][TN], next_a[BM * BK / 256], next_b[BN * BK / 256];
    for (int i = 0; i < TM; i++)
        for (int j = 0; j < TN; j++) sum[i][j] = T(0);

#define FETCH(k0) \
    for (int e = 0; e < BM * BK / 256; e++) { \
        int p = tid + 256 * e, k = TA ? p / BM : p % BK, m = TA ? p % BM : p / BK; \
        next_a[e] = fetch<TA>(A, m0 + m, (k0) + k, M, end); \
    } \
    for (int e = 0; e < BN * BK / 256; e++) { \
        int p = tid + 256 * e, k = TB ? p % BK : p / BN, n = TB ? p / BK : p % BN; \
        next_b[e] = fetch<!TB>(B, n0 + n, (k0) + k, N, end); \
    }

    FETCH(begin)
    for (whole k0 = begin; k0 < end; k0 += BK) {
        for (int e = 0; e < BM * BK / 256; e++) {
            int p = tid + 256 * e;
            as[TA ? p / BM : p % BK][TA ? p % BM : p / BK] = next_a[e];
        }
        for (int e = 0; e < BN * BK / 256; e++) {
            int p = tid + 256 * e;
            bs[TB ? p % BK : p / BN][TB ? p / BK : p % BN] = next_b[e];
        }
        __syncthreads();
        if (k0 + BK < end) { FETCH(k0 + BK) }
        for (int k = 0; k < BK; k++) {
            T left[TM], right[TN];
            for (int i = 0; i < TM; i++) left[i] = as[k][tm * TM + i];
            for (int j = 0; j < TN; j++) right[j] = bs[k][tn * TN + j];
            for (int i = 0; i < TM; i++)
                for (int j = 0; j < TN; j++) sum[i][j] += left[i] * right[j];
        }
        __syncthreads();
    }
    const bool whole_sum = gridDim.z == 1;
    if (!whole_sum) C += blockIdx.z * M * N;
    for (int i = 0; i < TM; i++) {
        const whole m = m0 + tm * TM + i;
        for (int j = 0; j < TN; j++) {
            const whole n = n0 + tn * TN + j;
            if (m >= M || n >= N) continue;
            if (whole_sum) C[m * c_step + n] = activate<ACT>(sum[i][j] + (bias ? bias[n] : T(0)));
            else C[m * N + n] = sum[i][j];
        }
    }
}
