/* The layers of deep mixture models: parameters from responsibilities, energies under parameters. */
#ifndef GMM_ESTIMATE_HPP
#define GMM_ESTIMATE_HPP

#include "mixture.hpp"

namespace gmm {

/** Parameters of a mixture in memory of the caller's type. */
template <class T>
struct parameters {
    std::size_t n_components = 0, n_features = 0;
    /** k; k d; k d d; k d d, zeros above the diagonals; k. */
    std::vector<T> phi, mu, cov, chol, log_det;
};

/** Parameters from samples `z` (n d) and responsibilities `gamma` (n k), with `eps` added to variances. */
template <class M, class T = detail::element<M>>
parameters<T> params(const M &z, const M &gamma, T eps = static_cast<T>(1e-6))
{
    const auto samples = detail::view(z), shares = detail::view(gamma);
    const std::size_t k = shares.cols(), d = samples.cols();
    parameters<T> out;
    out.n_components = k, out.n_features = d;
    out.phi.resize(k), out.mu.resize(k * d), out.cov.resize(k * d * d);
    out.chol.resize(k * d * d), out.log_det.resize(k);
    check(detail::real<T>::params(samples.c(), shares.c(), eps, out.phi.data(), out.mu.data(), out.cov.data(),
                                  out.chol.data(), out.log_det.data()));
    return out;
}

/** Energies of samples, their mean, and the sum of inverse variances. */
template <class T>
struct energy_result {
    std::vector<T> sample_energy;
    T mean_energy = 0, cov_diag = 0;
};

/** Energies of samples `z` (n d) under parameters that the caller holds. */
template <class M, class T = detail::element<M>>
energy_result<T> energy(const M &z, const parameters<T> &of)
{
    const auto samples = detail::view(z);
    if (samples.cols() != of.n_features) {
        throw error(GMM_INVALID_SHAPE, "samples have " + std::to_string(samples.cols()) +
                                           " features and the parameters " + std::to_string(of.n_features));
    }
    energy_result<T> out;
    out.sample_energy.resize(samples.rows());
    check(detail::real<T>::energy(samples.c(), of.n_components, of.phi.data(), of.mu.data(), of.cov.data(),
                                  of.chol.data(), of.log_det.data(), out.sample_energy.data(), &out.mean_energy,
                                  &out.cov_diag));
    return out;
}

}  // namespace gmm

#endif
