/* A mixture: creating it, reading it, scoring with it, drawing samples from it. */
#ifndef GMM_MIXTURE_HPP
#define GMM_MIXTURE_HPP

#include "options.hpp"

namespace gmm {

/**
 * Outputs of scoring: assign memory to the requested ones, with n values, or n k row by row. Memory of another size
 * is refused.
 */
template <class Value>
struct scores {
    std::optional<span<Value>> energies, log_densities;
    std::optional<span<Value>> responsibilities, log_responsibilities, squared_mahalanobis;
    std::optional<span<std::uint32_t>> labels;
    double *mean_energy = nullptr;

    /** The C struct for `n` samples and `k` components. */
    typename detail::real<Value>::scores c(std::size_t n, std::size_t k) const
    {
        each(n, k, [](const char *name, std::size_t given, std::size_t size) {
            if (given != size) {
                detail::refuse(GMM_INVALID_SHAPE, std::string("the memory for ") + name + " has " +
                                                      std::to_string(given) + " elements; pass " +
                                                      std::to_string(size));
            }
        });
        return unchecked();
    }

    /** Whether all memory has the needed size. */
    bool fits(std::size_t n, std::size_t k) const noexcept
    {
        bool all = true;
        each(n, k, [&](const char *, std::size_t given, std::size_t size) { all = all && given == size; });
        return all;
    }

    /** The C struct, without a check of sizes; call `fits` before. */
    typename detail::real<Value>::scores unchecked() const noexcept
    {
        typename detail::real<Value>::scores out = {};
        out.size = sizeof out;
        out.energies = start(energies), out.log_densities = start(log_densities);
        out.responsibilities = start(responsibilities), out.log_responsibilities = start(log_responsibilities);
        out.squared_mahalanobis = start(squared_mahalanobis), out.labels = start(labels);
        out.mean_energy = mean_energy;
        return out;
    }

private:
    template <class Element>
    static Element *start(const std::optional<span<Element>> &of) noexcept
    {
        return of ? of->data() : nullptr;
    }

    /** Calls `visit` with the name, the size and the needed size of every assigned memory. */
    template <class Visit>
    void each(std::size_t n, std::size_t k, Visit &&visit) const
    {
        const auto one = [&](const char *name, const auto &of, std::size_t size) {
            if (of) {
                visit(name, of->size(), size);
            }
        };
        const std::size_t pairs = detail::product({n, k});
        one("energies", energies, n), one("log_densities", log_densities, n);
        one("responsibilities", responsibilities, pairs), one("log_responsibilities", log_responsibilities, pairs);
        one("squared_mahalanobis", squared_mahalanobis, pairs), one("labels", labels, n);
    }
};

/** A mixture. Immutable: any number of threads may use one at the same time. Copies share it. */
class mixture {
public:
    /** An empty object; any use of it is refused with GMM_NULL_POINTER until a mixture is assigned. */
    mixture() = default;

    /** From weights (k), means (k d) and covariances (k d d). */
    static mixture create(const values<double> &weights, const values<double> &means,
                          const values<double> &covariances)
    {
        return of(gmm_mixture_create_with_type, GMM_COVARIANCE_FULL, weights, means, "covariances", covariances);
    }

    /** From covariances in the shape of their type, GMM_COVARIANCE_*. */
    static mixture create_with_type(gmm_covariance_type type, const values<double> &weights,
                                    const values<double> &means, const values<double> &covariances)
    {
        return of(gmm_mixture_create_with_type, type, weights, means, "covariances", covariances);
    }

    /** From the inverses of the covariances, of any type. */
    static mixture create_from_precisions(const values<double> &weights, const values<double> &means,
                                          const values<double> &precisions,
                                          gmm_covariance_type type = GMM_COVARIANCE_FULL)
    {
        return of(gmm_mixture_create_from_precisions_with_type, type, weights, means, "precisions", precisions);
    }

    /** From covariances and their Cholesky factors, both in the shape of the type; `ridges` (k) are zeros if empty. */
    static mixture create_from_factors(gmm_covariance_type type, const values<double> &weights,
                                       const values<double> &means, const values<double> &covariances,
                                       const values<double> &cholesky, const values<double> &ridges = {})
    {
        return of(
            [&](auto code, auto k, auto d, auto w, auto m, auto c, auto out) {
                const double *const added = ridges.expect("ridges", {k}, "n_components");
                const double *const factors = detail::expect_covariances(cholesky, "cholesky factors", code, k, d);
                return gmm_mixture_create_from_factors(code, k, d, w, m, c, added, factors, out);
            },
            type, weights, means, "covariances", covariances);
    }

    /** From the bytes that `to_bytes` returned. */
    static mixture from_bytes(const std::vector<std::uint8_t> &bytes)
    {
        return made([&](auto out) { return gmm_mixture_from_bytes(bytes.data(), bytes.size(), out); });
    }

    static mixture load(const std::string &file)
    {
        return made([&](auto out) { return gmm_mixture_load(path(file), out); });
    }

    /** From the pointer that `make(gmm_mixture **)` writes. */
    template <class Make>
    static mixture made(Make &&make)
    {
        return mixture(detail::made<handle>(std::forward<Make>(make)));
    }

    /** The bytes of the file that `save` writes. */
    std::vector<std::uint8_t> to_bytes() const
    {
        std::size_t len = 0;
        detail::throw_unless_ok(gmm_mixture_to_bytes(c(), nullptr, 0, &len));
        std::vector<std::uint8_t> bytes(len);
        detail::throw_unless_ok(gmm_mixture_to_bytes(c(), bytes.data(), bytes.size(), &len));
        return bytes;
    }

    void save(const std::string &file) const { detail::throw_unless_ok(gmm_mixture_save(c(), path(file))); }

    /** Whether the object holds a mixture. */
    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    std::size_t n_components() const { return gmm_mixture_n_components(c()); }
    std::size_t n_features() const { return gmm_mixture_n_features(c()); }
    std::size_t n_parameters() const { return gmm_mixture_n_parameters(c()); }
    /** GMM_COVARIANCE_*. */
    gmm_covariance_type covariance_type() const { return gmm_mixture_covariance_type(c()); }

    std::vector<double> weights() const { return read(gmm_mixture_weights, GMM_PARAMETER_WEIGHTS); }
    std::vector<double> means() const { return read(gmm_mixture_means, GMM_PARAMETER_MEANS); }
    /** Covariances in the shape of their type. */
    std::vector<double> covariances() const { return read(gmm_mixture_covariances, GMM_PARAMETER_COVARIANCES); }
    /** A matrix for each component (k d d), whatever the type. */
    std::vector<double> dense_covariances() const
    {
        return read(gmm_mixture_dense_covariances, GMM_PARAMETER_DENSE_COVARIANCES);
    }
    std::vector<double> cholesky() const { return read(gmm_mixture_cholesky, GMM_PARAMETER_CHOLESKY); }
    std::vector<double> precisions_cholesky() const
    {
        return read(gmm_mixture_precisions_cholesky, GMM_PARAMETER_PRECISIONS_CHOLESKY);
    }
    std::vector<double> log_dets() const { return read(gmm_mixture_log_dets, GMM_PARAMETER_LOG_DETS); }

    /** Writes every score that `requested` has memory for, in one pass. */
    template <class Samples>
    void score(const Samples &samples, const scores<detail::element<Samples>> &requested, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        const auto memory = requested.c(z.rows(), n_components());
        detail::throw_unless_ok(detail::real<detail::element<Samples>>::score(c(), z.c(), on.c(), &memory));
    }

    /** -ln p(z) of each sample, in nats. */
    template <class Samples, class Value = detail::element<Samples>>
    std::vector<Value> energies(const Samples &samples, threads_ref on = {}) const
    {
        return scored<Value>(samples, on, 1, &scores<Value>::energies);
    }

    /** Responsibilities (n k); rows sum to one. */
    template <class Samples, class Value = detail::element<Samples>>
    std::vector<Value> responsibilities(const Samples &samples, threads_ref on = {}) const
    {
        return scored<Value>(samples, on, n_components(), &scores<Value>::responsibilities);
    }

    /** n k. */
    template <class Samples, class Value = detail::element<Samples>>
    std::vector<Value> squared_mahalanobis(const Samples &samples, threads_ref on = {}) const
    {
        return scored<Value>(samples, on, n_components(), &scores<Value>::squared_mahalanobis);
    }

    /** The most likely component of each sample. */
    template <class Samples>
    std::vector<std::uint32_t> labels(const Samples &samples, threads_ref on = {}) const
    {
        using value = detail::element<Samples>;
        return scored<value>(samples, on, 1, &scores<value>::labels);
    }

    /** The contribution of each feature to the energy of each sample (n d). */
    template <class Samples, class Value = detail::element<Samples>>
    std::vector<Value> attribution(const Samples &samples, threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        std::vector<Value> shares = detail::room<Value>({z.rows(), z.cols()});
        detail::throw_unless_ok(detail::real<Value>::attribution(c(), z.c(), on.c(), shares.data()));
        return shares;
    }

    /** AIC, BIC and ICL. */
    template <class Samples>
    gmm_criteria criteria(const Samples &samples, const values<double> &sample_weights = {},
                          threads_ref on = {}) const
    {
        gmm_criteria out = {};
        out.size = sizeof out;
        const auto z = detail::view(samples);
        detail::throw_unless_ok(detail::real<detail::element<Samples>>::criteria(
            c(), z.c(), detail::expect_weights(sample_weights, z.rows()), on.c(), &out));
        return out;
    }

    /**
     * Rows `first` to `first + n` of the samples that `seed` defines (n d); their components go to `labels` if it
     * is given.
     */
    template <class Value = double>
    std::vector<Value> sample(std::size_t n, std::uint64_t seed, std::vector<std::uint32_t> *labels = nullptr,
                              std::uint64_t first = 0) const
    {
        std::vector<Value> rows = detail::room<Value>({n, n_features()});
        std::vector<std::uint32_t> from(labels ? n : 0);
        detail::throw_unless_ok(
            detail::real<Value>::sample(c(), seed, first, n, rows.data(), labels ? from.data() : nullptr));
        if (labels) {
            *labels = std::move(from);
        }
        return rows;
    }

    /** The moments of samples, from which an M-step estimates a mixture; they can be stored, sent and added. */
    template <class Samples>
    std::vector<double> moments(const Samples &samples, const values<double> &sample_weights = {},
                                threads_ref on = {}) const
    {
        const auto z = detail::view(samples);
        const double *const counts = detail::expect_weights(sample_weights, z.rows());
        std::vector<double> sums = detail::room<double>({gmm_moments_len(c())});
        detail::throw_unless_ok(detail::real<detail::element<Samples>>::moments_of(c(), z.c(), counts, on.c(),
                                                                                   sums.data(), sums.size()));
        return sums;
    }

    /** Adds moments made with this mixture to `sum`, moments made with it too. */
    void add_moments(const values<double> &added, span<double> sum) const
    {
        if (added.size() != sum.size()) {
            detail::refuse(GMM_INVALID_SHAPE, "moments of " + std::to_string(added.size()) +
                                                  " numbers cannot be added to " + std::to_string(sum.size()));
        }
        detail::throw_unless_ok(gmm_moments_add(c(), added.data(), sum.data(), sum.size()));
    }

    /** Multiplies moments by `factor`, which changes the weight of their samples. */
    void scale_moments(double factor, span<double> moments) const
    {
        detail::throw_unless_ok(gmm_moments_scale(c(), factor, moments.data(), moments.size()));
    }

    /** The M-step: the mixture estimated from moments. Of `options`, only the ridge and the prior are read. */
    mixture maximise(const values<double> &moments, const fit_options &options = fit_options()) const
    {
        fit_options read;
        read.reg_covar = options.reg_covar, read.reg_covar_relative = options.reg_covar_relative;
        read.prior = options.prior;
        detail::fit_call call(read, n_features(), covariance_type(), detail::fit_call::no_arrays());
        return made([&](auto out) {
            return gmm_moments_maximise(c(), moments.data(), moments.size(), call.c(), out);
        });
    }

    const gmm_mixture *c() const { return handle_.get(name); }
    std::shared_ptr<const gmm_mixture> share() const { return handle_.share(name); }

private:
    using handle = detail::owned<gmm_mixture, gmm_mixture_free>;
    static constexpr const char *name = "mixture";

    explicit mixture(handle made) : handle_(std::move(made)) {}

    template <class Create>
    static mixture of(Create create, gmm_covariance_type type, const values<double> &weights,
                      const values<double> &means, const char *matrices_name, const values<double> &matrices)
    {
        const std::size_t k = weights.size(), d = k ? means.size() / k : 0;
        if (k == 0 || d == 0) {
            detail::refuse(GMM_INVALID_SHAPE, std::to_string(k) + " weights and " + std::to_string(means.size()) +
                                                  " means; pass k and k x d");
        }
        const double *const shares = weights.expect("weights", {k}, "n_components");
        const double *const centres = means.expect("means", {k, d}, "n_components x n_features");
        const double *const shapes = detail::expect_covariances(matrices, matrices_name, type, k, d);
        return made([&](auto out) { return create(type, k, d, shares, centres, shapes, out); });
    }

    /** A path with a NUL inside would be cut there by C, so it is refused. */
    static const char *path(const std::string &file)
    {
        if (file.find('\0') != std::string::npos) {
            detail::refuse(GMM_INVALID_ARGUMENT, "the path has a NUL in it; leave that out");
        }
        return file.c_str();
    }

    template <class Value, class Samples, class Element>
    std::vector<Element> scored(const Samples &samples, threads_ref on, std::size_t per_sample,
                                std::optional<span<Element>> scores<Value>::*field) const
    {
        std::vector<Element> out = detail::room<Element>({detail::view(samples).rows(), per_sample});
        scores<Value> requested;
        requested.*field = out;
        score(samples, requested, on);
        return out;
    }

    template <class Read>
    std::vector<double> read(Read from, gmm_parameter parameter) const
    {
        return detail::read(from, c(), {gmm_mixture_len(c(), parameter)});
    }

    handle handle_;
};

}  // namespace gmm

#endif
