/* A mixture: making it, reading it, scoring with it, drawing from it. */
#ifndef GMM_MIXTURE_HPP
#define GMM_MIXTURE_HPP

#include "base.hpp"

#include <array>

namespace gmm {

/** A mixture. Immutable: any number of threads may use one at the same time. Copies share it. */
class mixture {
public:
    /** From weights (k), means (k d) and covariances (k d d). */
    static mixture create(span<const double> weights, span<const double> means, span<const double> covariances)
    {
        return of(gmm_mixture_create, weights, means, covariances);
    }

    /** From the inverses of the covariances. */
    static mixture create_from_precisions(span<const double> weights, span<const double> means,
                                          span<const double> precisions)
    {
        return of(gmm_mixture_create_from_precisions, weights, means, precisions);
    }

    static mixture load(const std::string &file)
    {
        return made([&](auto out) { return gmm_mixture_load(file.c_str(), out); });
    }

    /** What `make(gmm_mixture **)` makes. */
    template <class Make>
    static mixture made(Make &&make)
    {
        return mixture(detail::made<unique>(std::forward<Make>(make)));
    }

    void save(const std::string &file) const { check(gmm_mixture_save(c(), file.c_str())); }

    std::size_t n_components() const noexcept { return gmm_mixture_n_components(c()); }
    std::size_t n_features() const noexcept { return gmm_mixture_n_features(c()); }
    std::size_t n_parameters() const noexcept { return gmm_mixture_n_parameters(c()); }
    /** GMM_COVARIANCE_*. */
    gmm_covariance covariance() const noexcept { return gmm_mixture_covariance(c()); }

    std::vector<double> weights() const { return detail::read(gmm_mixture_weights, c(), n_components()); }
    std::vector<double> means() const { return detail::read(gmm_mixture_means, c(), n_components() * n_features()); }
    std::vector<double> covariances() const { return detail::read(gmm_mixture_covariances, c(), dense()); }
    std::vector<double> cholesky() const { return detail::read(gmm_mixture_cholesky, c(), dense()); }
    std::vector<double> precisions_cholesky() const
    {
        return detail::read(gmm_mixture_precisions_cholesky, c(), dense());
    }
    std::vector<double> log_dets() const { return detail::read(gmm_mixture_log_dets, c(), n_components()); }

    /** Covariances in the shape of their structure. */
    std::vector<double> covariance_values() const
    {
        const std::size_t k = n_components(), d = n_features();
        const std::array<std::size_t, 4> sizes = {k * d * d, d * d, k * d, k};
        return detail::read(gmm_mixture_covariance_values, c(), sizes[static_cast<std::size_t>(covariance())]);
    }

    /** Every score that `wanted` has memory for, from one pass. */
    template <class M>
    void score(const M &samples, const scores<detail::element<M>> &wanted, threads_ref on = {}) const
    {
        check(detail::real<detail::element<M>>::score(c(), detail::view(samples).c(), on.c(), &wanted));
    }

    /** -ln p(z) of each sample, in nats. */
    template <class M, class T = detail::element<M>>
    std::vector<T> energies(const M &samples, threads_ref on = {}) const
    {
        return scored<T>(samples, on, 1, &scores<T>::energies);
    }

    /** n k; rows sum to one. */
    template <class M, class T = detail::element<M>>
    std::vector<T> responsibilities(const M &samples, threads_ref on = {}) const
    {
        return scored<T>(samples, on, n_components(), &scores<T>::responsibilities);
    }

    /** n k. */
    template <class M, class T = detail::element<M>>
    std::vector<T> squared_mahalanobis(const M &samples, threads_ref on = {}) const
    {
        return scored<T>(samples, on, n_components(), &scores<T>::squared_mahalanobis);
    }

    /** The most likely component of each sample. */
    template <class M>
    std::vector<std::uint32_t> labels(const M &samples, threads_ref on = {}) const
    {
        using T = detail::element<M>;
        return scored<T>(samples, on, 1, &scores<T>::labels);
    }

    /** What each feature contributes to the energy of each sample (n d). */
    template <class M, class T = detail::element<M>>
    std::vector<T> attribution(const M &samples, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        std::vector<T> shares(z.rows() * z.cols());
        check(detail::real<T>::attribution(c(), z.c(), on.c(), shares.data()));
        return shares;
    }

    /** AIC, BIC and ICL. */
    template <class M>
    gmm_criteria criteria(const M &samples, span<const double> sample_weights = {}, threads_ref on = {}) const
    {
        gmm_criteria out = {};
        out.size = sizeof out;
        const auto z = detail::view(samples);
        check(detail::real<detail::element<M>>::criteria(c(), z.c(), weights_of(z, sample_weights), on.c(), &out));
        return out;
    }

    /** Rows `first` to `first + n` of the samples that `seed` makes (n d), and their components if wanted. */
    template <class T = double>
    std::vector<T> sample(std::size_t n, std::uint64_t seed, std::vector<std::uint32_t> *labels = nullptr,
                          std::uint64_t first = 0) const
    {
        std::vector<T> rows(n * n_features());
        if (labels) {
            labels->resize(n);
        }
        check(detail::real<T>::sample(c(), seed, first, n, rows.data(), labels ? labels->data() : nullptr));
        return rows;
    }

    /** The sums that an M-step is made of: to be kept, sent, and added up. */
    template <class M>
    std::vector<double> moments(const M &samples, span<const double> sample_weights = {}, threads_ref on = {}) const
    {
        std::vector<double> sums(gmm_moments_len(c()));
        const auto z = detail::view(samples);
        check(detail::real<detail::element<M>>::moments_of(c(), z.c(), weights_of(z, sample_weights), on.c(),
                                                           sums.data(), sums.size()));
        return sums;
    }

    /** Adds moments that were made with this mixture to others. */
    void add_moments(span<const double> added, span<double> sum) const
    {
        if (added.size() != sum.size()) {
            throw error(GMM_INVALID_SHAPE, "moments of " + std::to_string(added.size()) + " numbers cannot be added to " +
                                               std::to_string(sum.size()));
        }
        check(gmm_moments_add(c(), added.data(), sum.data(), sum.size()));
    }

    /** Multiplies moments, so that they count for more or less. */
    void scale_moments(double factor, span<double> moments) const
    {
        check(gmm_moments_scale(c(), factor, moments.data(), moments.size()));
    }

    /** The mixture that moments make. */
    mixture maximise(span<const double> moments, const fit_options &options = fit_options()) const
    {
        return made([&](auto out) {
            return gmm_moments_maximise(c(), moments.data(), moments.size(), &options, out);
        });
    }

    const gmm_mixture *c() const noexcept { return handle_.get(); }

    /** How much each sample counts, for functions of gmm.h: NULL for none. */
    template <class T>
    static const double *weights_of(const matrix<T> &samples, span<const double> weights)
    {
        if (!weights.empty() && weights.size() != samples.rows()) {
            throw error(GMM_INVALID_SHAPE, std::to_string(weights.size()) + " sample weights for " +
                                               std::to_string(samples.rows()) + " samples; pass one for each");
        }
        return weights.data();
    }

private:
    using unique = detail::handle<gmm_mixture, gmm_mixture_free>;

    explicit mixture(unique handle) : handle_(std::move(handle)) {}

    template <class Create>
    static mixture of(Create create, span<const double> weights, span<const double> means,
                      span<const double> matrices)
    {
        const std::size_t k = weights.size(), d = k ? means.size() / k : 0;
        if (k == 0 || d == 0 || means.size() != k * d || matrices.size() != k * d * d) {
            throw error(GMM_INVALID_SHAPE, std::to_string(k) + " weights, " + std::to_string(means.size()) +
                                               " means and " + std::to_string(matrices.size()) +
                                               " covariances; pass k, k d and k d d");
        }
        return made([&](auto out) {
            return create(k, d, weights.data(), means.data(), matrices.data(), out);
        });
    }

    template <class T, class M, class Field>
    auto scored(const M &samples, threads_ref on, std::size_t per_sample, Field field) const
    {
        scores<T> wanted;
        std::vector<std::remove_pointer_t<std::decay_t<decltype(wanted.*field)>>> out(
            detail::view(samples).rows() * per_sample);
        wanted.*field = out.data();
        score(samples, wanted, on);
        return out;
    }

    std::size_t dense() const noexcept { return n_components() * n_features() * n_features(); }

    std::shared_ptr<gmm_mixture> handle_;
};

}  // namespace gmm

#endif
