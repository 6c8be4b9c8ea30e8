// A whole RNN sequence in one kernel.
//
//   h_t = tanh(x_t W + b  (made before, by matmul.cu)  +  h_{t−1} U)       a step whose mask is false hands on h as it was
//
// Samples do not depend on each other, so a block takes R of them through all steps and waits for no other block.
//
// Launch  ⌈N/R⌉ blocks of THREADS ≥ M threads: thread m owns unit m of all R samples. h lies in shared memory twice, this
//         step's and the next one's, so one barrier a step is enough.
// Moves   z (N,T,M) in, h (N,T+1,M) out; U in every step, side by side, from the first-level cache where it fits.

extern "C" __global__ void __launch_bounds__(THREADS) rnn_forward(
    const T* z, const T* U, T* h_all, T* y, whole y_sample, whole y_step, const unsigned char* mask, whole N, whole steps)
{
    extern __shared__ T h[];  // [2][R][M]
    const int m = threadIdx.x;
    const whole n0 = (whole)blockIdx.x * R;
    T state[R];
    for (int r = 0; r < R; r++) {
        state[r] = T(0);
        if (m < M) h[r * M + m] = T(0);
        if (m < M && n0 + r < N) h_all[(n0 + r) * (steps + 1) * M + m] = T(0);
    }
    __syncthreads();

    for (whole t = 0; t < steps; t++) {
        const T* now = h + t % 2 * R * M;
        T* next = h + (t + 1) % 2 * R * M;
        if (m < M) {
            T sum[R];
            for (int r = 0; r < R; r++) sum[r] = n0 + r < N ? z[((n0 + r) * steps + t) * M + m] : T(0);
#pragma unroll 8
            for (int k = 0; k < M; k++) {
                const T u = U[k * M + m];
                for (int r = 0; r < R; r++) sum[r] += now[r * M + k] * u;
            }
            for (int r = 0; r < R; r++) {
                const whole at = (n0 + r) * steps + t;
                if (n0 + r < N && (!mask || mask[at])) state[r] = tanh(sum[r]);
                next[r * M + m] = state[r];
                if (n0 + r >= N) continue;
                h_all[(at + n0 + r + 1) * M + m] = state[r];
                if (SEQUENCES || t == steps - 1) y[(n0 + r) * y_sample + SEQUENCES * t * y_step + m] = state[r];
            }
        }
        __syncthreads();
    }
}
