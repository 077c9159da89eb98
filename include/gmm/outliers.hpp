/* Outliers: the robust detector, and thresholds between energies. */
#ifndef GMM_OUTLIERS_HPP
#define GMM_OUTLIERS_HPP

#include "mixture.hpp"

namespace gmm {

/** The `percent`-th percentile of the energies. */
template <class Energies>
double threshold_by_percentile(const Energies &energies, double percent)
{
    using value = detail::element<Energies>;
    const values<value> each(energies);
    double threshold = 0;
    detail::throw_unless_ok(detail::real<value>::by_percentile(each.data(), each.size(), percent, &threshold));
    return threshold;
}

/** The smallest threshold with at most the fraction `fraction` of the energies above it. */
template <class Energies>
double threshold_by_contamination(const Energies &energies, double fraction)
{
    using value = detail::element<Energies>;
    const values<value> each(energies);
    double threshold = 0;
    detail::throw_unless_ok(detail::real<value>::by_contamination(each.data(), each.size(), fraction, &threshold));
    return threshold;
}

/** The same, where `weights` say how often each energy counts and the share is one of the weight. */
template <class Energies>
double threshold_by_contamination(const Energies &energies, double fraction, const values<double> &weights)
{
    using value = detail::element<Energies>;
    const values<value> each(energies);
    double threshold = 0;
    detail::throw_unless_ok(detail::real<value>::by_weighted_contamination(
        each.data(), detail::expect_weights(weights, each.size()), each.size(), fraction, &threshold));
    return threshold;
}

/** A detector of outliers, fitted to data that contain them. Immutable; copies share it. */
class detector {
public:
    /** An empty object; any use of it is refused. */
    detector() = default;

    template <class Samples, class = std::enable_if_t<!std::is_same_v<Samples, detector>>>
    explicit detector(const Samples &samples, const detector_options &options = detector_options(),
                      threads_ref on = {})
        : handle_(detail::made<handle>([&](auto out) {
              const auto z = detail::view(samples);
              const gmm_detector_options c = options.c(z.rows());
              return detail::real<detail::element<Samples>>::detector_fit(z.c(), &c, on.c(), out);
          }))
    {
    }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    /** Energies of samples: the larger the energy, the more unusual the sample. */
    template <class Samples, class Value = detail::element<Samples>>
    std::vector<Value> energies(const Samples &samples, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        std::vector<Value> out = detail::room<Value>({z.rows()});
        detail::throw_unless_ok(detail::real<Value>::detector_energies(c(), z.c(), on.c(), out.data()));
        return out;
    }

    /** The contribution of each feature to the energy of each sample (n d). */
    template <class Samples, class Value = detail::element<Samples>>
    std::vector<Value> attribution(const Samples &samples, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        std::vector<Value> out = detail::room<Value>({z.rows(), z.cols()});
        detail::throw_unless_ok(detail::real<Value>::detector_attribution(c(), z.c(), on.c(), out.data()));
        return out;
    }

    /** The energy above which a sample is an outlier. */
    double threshold() const { return gmm_detector_threshold(c()); }

    /** Why the fit ended: GMM_STOP_*. */
    gmm_stop stop() const { return gmm_detector_stop(c()); }

    std::size_t n_mixtures() const { return gmm_detector_n_mixtures(c()); }

    gmm::mixture mixture(std::size_t at) const
    {
        return gmm::mixture::made([&](auto out) { return gmm_detector_mixture(c(), at, out); });
    }

    const gmm_detector *c() const { return handle_.get("detector"); }

private:
    using handle = detail::owned<gmm_detector, gmm_detector_free>;
    handle handle_;
};

}  // namespace gmm

#endif
