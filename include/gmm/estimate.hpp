/* The layers of deep mixture models: parameters from responsibilities, energies under parameters. */
#ifndef GMM_ESTIMATE_HPP
#define GMM_ESTIMATE_HPP

#include "mixture.hpp"

namespace gmm {

/** Parameters of a mixture in the caller's type. */
template <class Value>
struct parameters {
    std::size_t n_components = 0, n_features = 0;
    /** Of sizes k, k d, k d d, k d d (with zeros above the diagonals) and k. */
    std::vector<Value> phi, mu, cov, chol, log_det;
};

namespace detail {

/** A type that is not deduced from this argument. */
template <class Value>
struct same {
    using type = Value;
};

}  // namespace detail

/** Parameters from samples `z` (n d) and responsibilities `gamma` (n k), with `eps` added to variances. */
template <class Samples, class Shares, class Value = detail::element<Samples>>
parameters<Value> params(const Samples &z, const Shares &gamma,
                         typename detail::same<Value>::type eps = static_cast<Value>(1e-6))
{
    detail::require_one_type<Samples, Shares>();
    const auto samples = detail::view(z), shares = detail::view(gamma);
    detail::expect_rows(samples, shares);
    const std::size_t k = shares.cols(), d = samples.cols();
    parameters<Value> out;
    out.n_components = k, out.n_features = d;
    out.phi = detail::room<Value>({k}), out.mu = detail::room<Value>({k, d});
    out.cov = detail::room<Value>({k, d, d}), out.chol = detail::room<Value>({k, d, d});
    out.log_det = detail::room<Value>({k});
    detail::throw_unless_ok(detail::real<Value>::params(samples.c(), shares.c(), eps, out.phi.data(), out.mu.data(),
                                                        out.cov.data(), out.chol.data(), out.log_det.data()));
    return out;
}

/** Energies of samples, their mean, and the sum of inverse variances. */
template <class Value>
struct energy_result {
    std::vector<Value> sample_energy;
    Value mean_energy = 0, cov_diag = 0;
};

/** Energies of samples `z` (n d) under parameters in the caller's memory. */
template <class Samples, class Value = detail::element<Samples>>
energy_result<Value> energy(const Samples &z, const parameters<typename detail::same<Value>::type> &of)
{
    const auto samples = detail::view(z);
    const std::size_t k = of.n_components, d = of.n_features;
    if (samples.cols() != d) {
        detail::refuse(GMM_INVALID_SHAPE, "samples have " + std::to_string(samples.cols()) +
                                              " features and the parameters " + std::to_string(d));
    }
    const values<Value> phi(of.phi), mu(of.mu), cov(of.cov), chol(of.chol), log_det(of.log_det);
    const char *const each = "n_components", *const vectors = "n_components x n_features",
                      *const matrices = "n_components x n_features x n_features";
    energy_result<Value> out;
    out.sample_energy = detail::room<Value>({samples.rows()});
    detail::throw_unless_ok(detail::real<Value>::energy(
        samples.c(), k, phi.expect("phi", {k}, each), mu.expect("mu", {k, d}, vectors),
        cov.expect("cov", {k, d, d}, matrices), chol.expect("chol", {k, d, d}, matrices),
        log_det.expect("log_det", {k}, each), out.sample_energy.data(), &out.mean_energy, &out.cov_diag));
    return out;
}

}  // namespace gmm

#endif
