// A whole RNN sequence backward in one kernel, from the last step to the first.
//
//   dh_t = dy_t + dh from step t+1       dz_t = dh_t (1 − h_t²)       dh_{t−1} = dz_t Uᵀ
//   a masked step hands dh on as it is, and its dz is 0
//
// dW, dU, db and dx are products of dz with x, h and W: matmul.cu makes them afterwards, for all steps at once.
//
// Launch  as rnn_forward.cu. dz lies in shared memory twice, this step's and the one before, so one barrier a step is enough.
// Moves   h and dy once, dz (N,T,M) out; Uᵀ in every step, transposed before so that rows are read side by side.

extern "C" __global__ void __launch_bounds__(THREADS) rnn_backward(
    T* dz, const T* UT, const T* h_all, const T* dy, whole dy_sample, whole dy_step, const unsigned char* mask, whole N, whole steps)
{
    extern __shared__ T d[];  // [2][R][M]
    const int m = threadIdx.x;
    const whole n0 = (whole)blockIdx.x * R;
    T dh[R];
    for (int r = 0; r < R; r++) dh[r] = !SEQUENCES && m < M && n0 + r < N ? dy[(n0 + r) * dy_sample + m] : T(0);

    for (whole t = steps - 1; t >= 0; t--) {
        T* now = d + t % 2 * R * M;
        bool real[R];
        for (int r = 0; r < R; r++) {
            const whole at = (n0 + r) * steps + t;
            real[r] = m < M && n0 + r < N && (!mask || mask[at]);
            if (m >= M) continue;
            T slope = T(0);
            if (SEQUENCES && n0 + r < N) dh[r] += dy[(n0 + r) * dy_sample + t * dy_step + m];
            if (real[r]) {
                const T h = h_all[(at + n0 + r + 1) * M + m];
                slope = dh[r] * (T(1) - h * h);
            }
            now[r * M + m] = slope;
            if (n0 + r < N) dz[at * M + m] = slope;
        }
        __syncthreads();
        T sum[R];
        for (int r = 0; r < R; r++) sum[r] = T(0);
        if (m < M)
#pragma unroll 8
            for (int k = 0; k < M; k++) {
                const T u = UT[k * M + m];
                for (int r = 0; r < R; r++) sum[r] += now[r * M + k] * u;
            }
        for (int r = 0; r < R; r++)
            if (real[r]) dh[r] = sum[r];
    }
}
