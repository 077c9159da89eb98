/* The loss of a deep mixture with its gradients, and what training remembers of its batches. */
#ifndef GMM_TRAINING_HPP
#define GMM_TRAINING_HPP

#include "mixture.hpp"

namespace gmm {

/** Running averages of the moments of mini-batches. One thread may use one at a time. */
class running {
public:
    /** `decay` is what remains of the past at every batch, from 0 to less than 1. */
    explicit running(double decay)
        : handle_(detail::made<decltype(handle_)>([&](auto out) { return gmm_running_create(decay, out); }))
    {
    }

    /** What to score with after training; `options` as they were in it. */
    gmm::mixture model(const gmm_training_options &options) const
    {
        return gmm::mixture::made([&](auto out) { return gmm_running_mixture(handle_.get(), &options, out); });
    }

    std::uint64_t n_batches() const noexcept { return gmm_running_n_batches(handle_.get()); }
    gmm_running *c() noexcept { return handle_.get(); }

private:
    detail::handle<gmm_running, gmm_running_free> handle_;
};

/** `gmm_training_options` with its defaults. Put `c()` of a `running` into it. */
struct training_options : gmm_training_options {
    training_options() { check((gmm_training_options_init)(this, sizeof(gmm_training_options))); }
};

/** A loss, and its gradients with respect to samples (n d) and responsibilities (n k). */
template <class T>
struct loss_result {
    T loss = 0, mean_energy = 0, cov_diag = 0;
    std::vector<T> d_z, d_gamma;
};

/** The loss of samples `z` (n d) and responsibilities `gamma` (n k). */
template <class M, class T = detail::element<M>>
loss_result<T> loss(const M &z, const M &gamma, const training_options &options = training_options(),
                    threads_ref on = {})
{
    const auto samples = detail::view(z), shares = detail::view(gamma);
    loss_result<T> out;
    out.d_z.resize(samples.rows() * samples.cols()), out.d_gamma.resize(shares.rows() * shares.cols());
    check(detail::real<T>::loss(samples.c(), shares.c(), &options, on.c(), &out.loss, &out.mean_energy,
                                &out.cov_diag, out.d_z.data(), out.d_gamma.data(), nullptr));
    return out;
}

}  // namespace gmm

#endif
