/* Outliers: the robust detector, and where to draw the line between energies. */
#ifndef GMM_OUTLIERS_HPP
#define GMM_OUTLIERS_HPP

#include "mixture.hpp"

namespace gmm {

/** The energy that `percent` of the energies are at or below. */
template <class C>
double threshold_by_percentile(const C &energies, double percent)
{
    using T = std::decay_t<decltype(*energies.data())>;
    double threshold = 0;
    check(detail::real<T>::by_percentile(energies.data(), energies.size(), percent, &threshold));
    return threshold;
}

/** The least threshold that no more than a share `fraction` of the energies are above. */
template <class C>
double threshold_by_contamination(const C &energies, double fraction)
{
    using T = std::decay_t<decltype(*energies.data())>;
    double threshold = 0;
    check(detail::real<T>::by_contamination(energies.data(), energies.size(), fraction, &threshold));
    return threshold;
}

/** What tells outliers in the data that contain them. Immutable; copies share it. */
class detector {
public:
    template <class M>
    explicit detector(const M &samples, const detector_options &options = detector_options(), threads_ref on = {})
        : handle_(detail::made<unique>([&](auto out) {
              return detail::real<detail::element<M>>::detector_fit(detail::view(samples).c(), &options, on.c(), out);
          }))
    {
    }

    /** The larger, the less there is like the sample. */
    template <class M, class T = detail::element<M>>
    std::vector<T> energies(const M &samples, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        std::vector<T> out(z.rows());
        check(detail::real<T>::detector_energies(c(), z.c(), on.c(), out.data()));
        return out;
    }

    /** What each feature contributes to the energy of each sample (n d). */
    template <class M, class T = detail::element<M>>
    std::vector<T> attribution(const M &samples, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        std::vector<T> out(z.rows() * z.cols());
        check(detail::real<T>::detector_attribution(c(), z.c(), on.c(), out.data()));
        return out;
    }

    /** The energy above which a sample is an outlier. */
    double threshold() const noexcept { return gmm_detector_threshold(c()); }

    std::size_t n_mixtures() const noexcept { return gmm_detector_n_mixtures(c()); }

    gmm::mixture mixture(std::size_t at) const
    {
        return gmm::mixture::made([&](auto out) { return gmm_detector_mixture(c(), at, out); });
    }

    const gmm_detector *c() const noexcept { return handle_.get(); }

private:
    using unique = detail::handle<gmm_detector, gmm_detector_free>;
    std::shared_ptr<gmm_detector> handle_;
};

}  // namespace gmm

#endif
