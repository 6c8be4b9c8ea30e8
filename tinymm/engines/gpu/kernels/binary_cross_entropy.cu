// Binary cross-entropy, the loss and its gradient in one pass over the predictions.
//
//   from probabilities    J = −mean (t log p + (1 − t) log(1 − p))          dp = (p − t) / (p (1 − p)) / n
//   from logits           J =  mean (max(z, 0) − z t + log(1 + e^−|z|))     dz = (σ(z) − t) / n
//
// parts[block] is the block's share of n·J; total.cu adds them up. Probabilities are kept ε away from 0 and 1.
//
// Launch  up to 256 blocks of 256 threads, which stride over the n numbers.
// Moves   p and t once, dp once.

extern "C" __global__ void __launch_bounds__(256) binary_cross_entropy(const T* pred, const T* target, T* dpred, T* parts, whole n, double epsilon)
{
    __shared__ T room[256];
    T sum = T(0);
    for (whole i = (whole)blockIdx.x * 256 + threadIdx.x; i < n; i += (whole)gridDim.x * 256) {
        T p = pred[i];
        const T t = target[i];
        if (LOGITS) {
            const T size = p > T(0) ? p : -p;
            sum += (p > T(0) ? p : T(0) * p) - p * t + log1p(exp(-size));
            dpred[i] = (sigmoid(p) - t) / T(n);
        } else {
            if (p < T(epsilon)) p = T(epsilon);
            if (p > T(1 - epsilon)) p = T(1 - epsilon);
            sum -= t * log(p) + (T(1) - t) * log1p(-p);
            dpred[i] = (p - t) / (p * (T(1) - p)) / T(n);
        }
    }
    sum = block_sum<256>(sum, room);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}
