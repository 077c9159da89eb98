/* Options with their defaults. Arrays know their lengths, which are checked against samples and components. */
#ifndef GMM_OPTIONS_HPP
#define GMM_OPTIONS_HPP

#include "callbacks.hpp"
#include "views.hpp"

#include <optional>

namespace gmm {
namespace detail {

/** Covariances in the shape of a structure for `k` components and `d` features; refuses other shapes. */
inline const double *expect_covariances(const values<double> &given, const char *name, gmm_covariance_type structure,
                                        std::size_t k, std::size_t d)
{
    if (!given) {
        return nullptr;
    }
    switch (structure) {
    case GMM_COVARIANCE_OF_START:
    case GMM_COVARIANCE_FULL:
        return given.expect(name, {k, d, d}, "n_components x n_features x n_features");
    case GMM_COVARIANCE_TIED:
        return given.expect(name, {d, d}, "n_features x n_features");
    case GMM_COVARIANCE_DIAG:
        return given.expect(name, {k, d}, "n_components x n_features");
    case GMM_COVARIANCE_SPHERICAL:
        return given.expect(name, {k}, "n_components");
    default:
        refuse(GMM_INVALID_ARGUMENT, "covariance is " + std::to_string(structure) + "; use one of GMM_COVARIANCE_*");
    }
}

inline const double *expect_weights(const values<double> &given, std::size_t n)
{
    return given.expect("sample weights", {n}, "one for each sample");
}

}  // namespace detail

/** `gmm_prior` with its defaults. */
class prior : private gmm_prior {
public:
    prior() { detail::throw_unless_ok((gmm_prior_init)(this, sizeof(gmm_prior))); }

    using gmm_prior::degrees_of_freedom;
    using gmm_prior::mean_precision;
    using gmm_prior::weight_concentration;
    /** One value for each feature; if not given, the mean of the samples. */
    values<double> mean;
    /** A matrix, d variances, or one variance, according to the mixture's covariance structure. */
    values<double> covariance;

    /** The C struct for mixtures with `d` features and covariances of `structure`; valid as long as this object. */
    gmm_prior c(std::size_t d, gmm_covariance_type structure) const
    {
        gmm_prior out = *this;
        const bool is_shared = structure == GMM_COVARIANCE_OF_START || structure == GMM_COVARIANCE_FULL;
        out.mean = mean.expect("the means of a prior", {d}, "n_features");
        out.covariance = detail::expect_covariances(covariance, "the covariances of a prior",
                                                    is_shared ? GMM_COVARIANCE_TIED : structure, 1, d);
        return out;
    }
};

namespace detail {

/** An option that holds a copy of a prior, or none. */
class prior_option {
public:
    prior_option() = default;
    prior_option(std::nullptr_t) {}
    prior_option(std::nullopt_t) {}
    prior_option(const gmm::prior &given) : prior_(given) {}
    prior_option(const gmm::prior *given) : prior_(given ? std::optional<gmm::prior>(*given) : std::nullopt) {}

    explicit operator bool() const noexcept { return prior_.has_value(); }
    gmm::prior *operator->() noexcept { return &*prior_; }
    const gmm::prior *operator->() const noexcept { return &*prior_; }

private:
    std::optional<gmm::prior> prior_;
};

class fit_call;

}  // namespace detail

/** `gmm_fit_options` with its defaults. */
class fit_options : private gmm_fit_options {
public:
    fit_options() : fit_options(std::size_t{1}) {}

    /** Options for `k` components; `gmm::fit(samples, k)` converts `k` to these. */
    template <class Count, class = std::enable_if_t<std::is_integral_v<Count> && !std::is_same_v<Count, bool>>>
    fit_options(Count k)
    {
        detail::throw_unless_ok((gmm_fit_options_init)(this, sizeof(gmm_fit_options)));
        if constexpr (std::is_signed_v<Count>) {
            if (k < 0) {
                detail::refuse(GMM_INVALID_ARGUMENT, "n_components is " + std::to_string(k) + "; pass at least 1");
            }
        }
        n_components = static_cast<std::size_t>(k);
    }

    using gmm_fit_options::convergence;
    using gmm_fit_options::covariance_type;
    using gmm_fit_options::init;
    using gmm_fit_options::max_iter;
    using gmm_fit_options::max_failed_swaps;
    using gmm_fit_options::n_components;
    using gmm_fit_options::n_init;
    using gmm_fit_options::reg_covar;
    using gmm_fit_options::reg_covar_relative;
    using gmm_fit_options::seed;
    using gmm_fit_options::time_budget;
    using gmm_fit_options::tol;
    /** A mixture to start from, which replaces `init`. */
    detail::link<const gmm_mixture> start;
    /** Weight of each sample (n). */
    values<double> sample_weights;
    /** Starting weights (k). */
    values<double> weights;
    /** Starting means (k d). */
    values<double> means;
    /** Starting covariances, in the shape of `covariance`. */
    values<double> covariances;
    /** Starting precisions, the inverses of the covariances; give one or the other. */
    values<double> precisions;
    detail::prior_option prior;
    /** A token that may cancel the fit. */
    detail::link<const gmm_cancel> cancel;
    /** Receives the result in words. An exception from it is rethrown by the call. */
    log_function log;

private:
    friend class detail::fit_call;
};

/** `gmm_stepwise_options` with its defaults. */
class stepwise_options : private gmm_stepwise_options {
public:
    stepwise_options()
    {
        detail::throw_unless_ok((gmm_stepwise_options_init)(this, sizeof(gmm_stepwise_options)));
    }

    using gmm_stepwise_options::decay;
    using gmm_stepwise_options::reg_covar;
    using gmm_stepwise_options::reg_covar_relative;
    detail::prior_option prior;
    /** A token that cancels updates. */
    detail::link<const gmm_cancel> cancel;

    /** The C struct for mixtures with `d` features and covariances of `structure`; `memory` receives the prior. */
    gmm_stepwise_options c(std::size_t d, gmm_covariance_type structure, gmm_prior &memory) const
    {
        gmm_stepwise_options out = *this;
        out.cancel = cancel.get();
        if (prior) {
            memory = prior->c(d, structure);
            out.prior = &memory;
        }
        return out;
    }
};

/** `gmm_detector_options` with its defaults. */
class detector_options : private gmm_detector_options {
public:
    detector_options()
    {
        detail::throw_unless_ok((gmm_detector_options_init)(this, sizeof(gmm_detector_options)));
    }

    using gmm_detector_options::contamination;
    using gmm_detector_options::max_iter;
    using gmm_detector_options::reg_covar;
    using gmm_detector_options::seed;
    using gmm_detector_options::time_budget;
    using gmm_detector_options::tol;
    /** The number of components of each mixture; 1, 2, 4 and 8 if not given. */
    values<std::size_t> n_components;
    /** Weight of each sample (n). */
    values<double> sample_weights;
    /** A token that may cancel the fit. */
    detail::link<const gmm_cancel> cancel;

    /** The C struct for `n` samples; valid as long as this object. */
    gmm_detector_options c(std::size_t n) const
    {
        gmm_detector_options out = *this;
        out.sample_weights = detail::expect_weights(sample_weights, n);
        out.cancel = cancel.get();
        if (n_components) {
            if (n_components.size() == 0) {
                detail::refuse(GMM_INVALID_SHAPE, "n_components is empty; pass at least one number of components");
            }
            out.n_components = n_components.data(), out.n_components_len = n_components.size();
        }
        return out;
    }
};

namespace detail {

/** The C options of one fit, with the arrays that they point at. */
class fit_call {
public:
    /** Passed instead of a number of samples for a source, whose weights do not come from the options. */
    static constexpr std::size_t streamed = (std::numeric_limits<std::size_t>::max)();

    /** All options, for a fit of `n` samples with `d` features. */
    fit_call(const fit_options &options, std::size_t n, std::size_t d) : fit_call(options)
    {
        k_ = options.start ? gmm_mixture_n_components(options.start.get()) : options.n_components;
        gmm_covariance_type structure = options.covariance_type;
        if (options.start && structure == GMM_COVARIANCE_OF_START) {
            structure = gmm_mixture_covariance_type(options.start.get());
        }
        c_.sample_weights =
            n == streamed ? options.sample_weights.data() : expect_weights(options.sample_weights, n);
        c_.weights = options.weights.expect("weights", {k_}, "n_components");
        c_.means = options.means.expect("means", {k_, d}, "n_components x n_features");
        c_.covariances = expect_covariances(options.covariances, "covariances", structure, k_, d);
        c_.precisions = expect_covariances(options.precisions, "precisions", structure, k_, d);
        set_prior(options, d, structure);
    }

    /** For calls that read only sample weights and a prior: the C library refuses the arrays that must not be set. */
    struct no_arrays {};
    fit_call(const fit_options &options, std::size_t d, gmm_covariance_type structure, no_arrays) : fit_call(options)
    {
        c_.sample_weights = options.sample_weights.data();
        c_.weights = options.weights.data();
        c_.means = options.means.data();
        c_.covariances = options.covariances.data();
        c_.precisions = options.precisions.data();
        set_prior(options, d, structure);
    }

    fit_call(const fit_call &) = delete;
    fit_call &operator=(const fit_call &) = delete;

    template <class Progress>
    void watch(watched<Progress> &by)
    {
        c_.progress = watched<Progress>::call, c_.userdata = &by;
    }

    gmm_fit_options *c() noexcept { return &c_; }
    std::size_t n_components() const noexcept { return k_; }
    guarded guard;

private:
    explicit fit_call(const fit_options &options) : c_(options)
    {
        c_.start = options.start.get();
        c_.cancel = options.cancel.get();
        if (options.log) {
            if (!options.cancel) {
                ends_.emplace();
                c_.cancel = ends_->c();
            }
            logged_.emplace(logged{options.log, guard, ends_ ? ends_->c() : nullptr});
            c_.log = logged::call, c_.log_userdata = &*logged_;
        }
    }

    void set_prior(const fit_options &options, std::size_t d, gmm_covariance_type structure)
    {
        if (options.prior) {
            prior_ = options.prior->c(d, structure);
            c_.prior = &prior_;
        }
    }

    gmm_fit_options c_;
    gmm_prior prior_ = {};
    std::size_t k_ = 0;
    std::optional<gmm::cancel> ends_;
    std::optional<logged> logged_;
};

}  // namespace detail
}  // namespace gmm

#endif
