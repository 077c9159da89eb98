/* The loss of a deep mixture with its gradients, and running averages over batches. */
#ifndef GMM_TRAINING_HPP
#define GMM_TRAINING_HPP

#include "estimate.hpp"

namespace gmm {

/** `gmm_training_options` with its defaults. */
class training_options : private gmm_training_options {
public:
    training_options()
    {
        detail::throw_unless_ok((gmm_training_options_init)(this, sizeof(gmm_training_options)));
    }

    using gmm_training_options::drop_empty;
    using gmm_training_options::eps;
    using gmm_training_options::ridge_limit;
    using gmm_training_options::w_cov_diag;
    using gmm_training_options::w_energy;
    /** Running averages to which each batch is added. */
    detail::link<gmm_running> running;

    gmm_training_options c() const
    {
        gmm_training_options out = *this;
        out.running = running.get();
        return out;
    }
};

/** Running averages of the moments of mini-batches. One thread may use one at a time. */
class running {
public:
    /** `decay` is the fraction of the past that is kept at every batch, from 0 to less than 1. */
    explicit running(double decay)
        : handle_(detail::made<handle>([&](auto out) { return gmm_running_create(decay, out); }))
    {
    }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    /** The mixture to score with after training; pass the options of the training. */
    gmm::mixture model(const training_options &options) const
    {
        const gmm_training_options read = options.c();
        return gmm::mixture::made([&](auto out) { return gmm_running_mixture(handle_.get(name), &read, out); });
    }

    std::uint64_t n_batches() const { return gmm_running_n_batches(handle_.get(name)); }
    gmm_running *c() { return handle_.get(name); }
    std::shared_ptr<gmm_running> share() { return handle_.share(name); }

private:
    using handle = detail::unique<gmm_running, gmm_running_free>;
    static constexpr const char *name = "object of running averages";
    handle handle_;
};

/** A loss, and its gradients with respect to samples (n d) and responsibilities (n k). */
template <class Value>
struct loss_result {
    Value loss = 0, mean_energy = 0, cov_diag = 0;
    std::vector<Value> d_z, d_gamma;
};

/** The loss of samples `z` (n d) and responsibilities `gamma` (n k). */
template <class Samples, class Shares, class Value = detail::element<Samples>>
loss_result<Value> loss(const Samples &z, const Shares &gamma, const training_options &options = training_options(),
                        threads_ref on = {})
{
    detail::require_one_type<Samples, Shares>();
    const auto samples = detail::view(z), shares = detail::view(gamma);
    detail::expect_rows(samples, shares);
    const gmm_training_options read = options.c();
    loss_result<Value> out;
    out.d_z = detail::room<Value>({samples.rows(), samples.cols()});
    out.d_gamma = detail::room<Value>({shares.rows(), shares.cols()});
    detail::throw_unless_ok(detail::real<Value>::loss(samples.c(), shares.c(), &read, on.c(), &out.loss,
                                                      &out.mean_energy, &out.cov_diag, out.d_z.data(),
                                                      out.d_gamma.data(), nullptr));
    return out;
}

}  // namespace gmm

#endif
