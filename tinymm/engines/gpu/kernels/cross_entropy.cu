// Cross-entropy over K classes, the loss and its gradient in one kernel.
//
//   from probabilities    J = −mean_n Σ_k t log p                   dp = −t / p / N
//   from logits           J =  mean_n Σ_k t (log Σ e^z − z)         dz = (softmax(z) Σ_k t − t) / N
//
// The target is a distribution (N, K) or, with CLASSES, a class number; one that does not exist gives NaN. parts[n] is the
// row's share of N·J; total.cu adds them up.
//
// Launch  ⌈N/4⌉ blocks of 32 × 4 threads: a warp takes a row, its lanes stride over the classes.
// Moves   the predictions once (the second and third look find them in the first-level cache), their gradient once.

__device__ inline T warp_sum(T value)
{
    for (int jump = 16; jump > 0; jump /= 2) value += __shfl_xor_sync(0xffffffffu, value, jump);
    return value;
}

extern "C" __global__ void __launch_bounds__(128) cross_entropy(
    const T* pred, const T* shares, const int* classes, T* dpred, T* parts, whole N, whole K, double epsilon)
{
    const whole n = (whole)blockIdx.x * 4 + threadIdx.y;
    if (n >= N) return;  // the whole warp
    const T* x = pred + n * K;
    T* dx = dpred + n * K;
#define TARGET(k) (CLASSES ? T(classes[n] == (k)) : shares[n * K + (k)])
    T sum = T(0), weight = T(0), loss = T(0), top = x[0];
    if (LOGITS) {
        for (whole k = threadIdx.x; k < K; k += 32) top = x[k] > top ? x[k] : top;
        for (int jump = 16; jump > 0; jump /= 2) {
            const T other = __shfl_xor_sync(0xffffffffu, top, jump);
            top = other > top ? other : top;
        }
        for (whole k = threadIdx.x; k < K; k += 32) {
            sum += exp(x[k] - top);
            weight += TARGET(k);
        }
        sum = warp_sum(sum);
        weight = warp_sum(weight);
    }
    const T log_sum = log(sum);
    for (whole k = threadIdx.x; k < K; k += 32) {
        const T t = TARGET(k);
        if (LOGITS) {
            loss -= t * (x[k] - top - log_sum);
            dx[k] = (exp(x[k] - top) / sum * weight - t) / T(N);
        } else {
            T p = x[k];
            if (p < T(epsilon)) p = T(epsilon);
            if (p > T(1 - epsilon)) p = T(1 - epsilon);
            loss -= t * log(p);
            dx[k] = -t / p / T(N);
        }
    }
    loss = warp_sum(loss);
    if (CLASSES && !(classes[n] >= 0 && classes[n] < K)) loss = T(0) / T(0);
    if (threadIdx.x == 0) parts[n] = loss;
}
