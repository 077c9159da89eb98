/* Fitting: from samples, from a source, batch by batch, and several mixtures side by side. */
#ifndef GMM_FIT_HPP
#define GMM_FIT_HPP

#include "mixture.hpp"

#include <algorithm>
#include <exception>

namespace gmm {

/** What a fit came to. */
struct fitted {
    mixture model;
    bool converged;
    /** GMM_STOP_*. */
    gmm_stop stop;
    std::size_t n_iter, restart, moves;
    double lower_bound;
    /** Of the first iterations, 100 000 at most. */
    std::vector<double> lower_bounds;
    /** Of each component. */
    std::vector<double> effective_counts, conditions, ridges;
    /** k d: 1 where nothing but the ridge gives a feature variance. */
    std::vector<std::uint8_t> held_by_ridge;
    /** The first 1000 of them. */
    std::vector<gmm_repair> repairs;
};

namespace detail {

/** Keeps what a callback threw until the C call that it may not pass through has returned. */
class guarded {
public:
    template <class F, class R>
    R operator()(R failed, F &&body) noexcept
    {
        try {
            return body();
        } catch (...) {
            thrown_ = std::current_exception();
            return failed;
        }
    }

    void rethrow() const
    {
        if (thrown_) {
            std::rethrow_exception(thrown_);
        }
    }

private:
    std::exception_ptr thrown_;
};

/** Calls `run(out, report)` with buffers for everything that is told. */
template <class Run>
fitted told(const gmm_fit_options &options, std::size_t n_features, Run &&run)
{
    const std::size_t k = options.start ? gmm_mixture_n_components(options.start) : options.n_components;
    std::vector<double> bounds(std::min<std::size_t>(options.max_iter, 100000)), counts(k), conditions(k), ridges(k);
    std::vector<std::uint8_t> held(k * n_features);
    std::vector<gmm_repair> repairs(1000);
    gmm_fit_report report = {};
    report.size = sizeof report;
    report.lower_bounds = bounds.data(), report.lower_bounds_capacity = bounds.size();
    report.effective_counts = counts.data(), report.conditions = conditions.data(), report.ridges = ridges.data();
    report.held_by_ridge = held.data();
    report.repairs = repairs.data(), report.repairs_capacity = repairs.size();
    mixture model = mixture::made([&](auto out) { return run(out, &report); });
    bounds.resize(std::min(bounds.size(), report.n_iter));
    repairs.resize(std::min(repairs.size(), report.n_repairs));
    return fitted{std::move(model), report.converged != 0, report.stop, report.n_iter, report.restart, report.moves,
                  report.lower_bound, std::move(bounds), std::move(counts), std::move(conditions), std::move(ridges),
                  std::move(held), std::move(repairs)};
}

/** Options whose callback is `progress`, which says whether to go on; what it throws ends the fit. */
template <class Progress>
struct watched {
    Progress &progress;
    guarded guard;

    static std::int32_t call(void *self, const gmm_progress *step)
    {
        auto &watch = *static_cast<watched *>(self);
        return watch.guard(1, [&] { return watch.progress(*step) ? 0 : 1; });
    }

    fit_options options(fit_options of)
    {
        of.progress = call, of.userdata = this;
        return of;
    }
};

}  // namespace detail

/** Fits a mixture to samples. */
template <class M>
fitted fit(const M &samples, const fit_options &options, threads_ref on = {})
{
    const auto z = detail::view(samples);
    return detail::told(options, z.cols(), [&](auto out, auto report) {
        return detail::real<detail::element<M>>::fit(z.c(), &options, on.c(), out, report);
    });
}

/** Fits a mixture to samples; `progress(const gmm_progress &)` says after every iteration whether to go on. */
template <class M, class Progress, class = std::enable_if_t<std::is_invocable_v<Progress &, const gmm_progress &>>>
fitted fit(const M &samples, const fit_options &options, Progress &&progress, threads_ref on = {})
{
    detail::watched<std::remove_reference_t<Progress>> watch{progress, {}};
    fitted result = fit(samples, watch.options(options), on);
    watch.guard.rethrow();
    return result;
}

/**
 * Fits a mixture to what is read again and again. `source` has
 *
 *     std::size_t n_features() const;
 *     void rewind();                                            from the beginning
 *     std::size_t read(std::size_t max_rows, T *rows);          how many rows there were; 0 at the end
 *
 * and may throw.
 */
template <class T, class Source>
fitted fit_stream(Source &source, const fit_options &options, threads_ref on = {})
{
    struct reader {
        Source &source;
        detail::guarded guard;
    } self{source, {}};
    typename detail::real<T>::source c = {};
    c.size = sizeof c;
    c.n_features = source.n_features();
    c.userdata = &self;
    c.rewind = [](void *userdata) -> std::int32_t {
        auto &own = *static_cast<reader *>(userdata);
        return own.guard(1, [&] {
            own.source.rewind();
            return 0;
        });
    };
    c.read = [](void *userdata, std::size_t max_rows, T *rows, double *) -> std::ptrdiff_t {
        auto &own = *static_cast<reader *>(userdata);
        return own.guard(std::ptrdiff_t{-1},
                         [&] { return static_cast<std::ptrdiff_t>(own.source.read(max_rows, rows)); });
    };
    return detail::told(options, c.n_features, [&](auto out, auto report) {
        const gmm_status status = detail::real<T>::fit_stream(&c, &options, on.c(), out, report);
        self.guard.rethrow();
        return status;
    });
}

/** The mixture that labels (n), each below `options.n_components`, make: a start. */
template <class M>
mixture from_labels(const M &samples, span<const std::uint32_t> labels, const fit_options &options,
                    threads_ref on = {})
{
    const auto z = detail::view(samples);
    if (labels.size() != z.rows()) {
        throw error(GMM_INVALID_SHAPE, std::to_string(labels.size()) + " labels for " + std::to_string(z.rows()) +
                                           " samples; pass one for each");
    }
    return mixture::made([&](auto out) {
        return detail::real<detail::element<M>>::from_labels(z.c(), labels.data(), &options, on.c(), out);
    });
}

/** The mixture that responsibilities (n k) make: a start. */
template <class M>
mixture from_responsibilities(const M &samples, const M &responsibilities, const fit_options &options,
                              threads_ref on = {})
{
    const auto z = detail::view(samples), shares = detail::view(responsibilities);
    return mixture::made([&](auto out) {
        return detail::real<detail::element<M>>::from_responsibilities(z.c(), shares.c(), &options, on.c(), out);
    });
}

/** A mixture that learns from batches that are not kept. One thread may use one at a time. */
class stepwise {
public:
    explicit stepwise(const mixture &start, const stepwise_options &options = stepwise_options())
        : handle_(detail::made<decltype(handle_)>([&](auto out) {
              return gmm_stepwise_create(start.c(), &options, out);
          }))
    {
    }

    /** Learns from a batch; its mean log-likelihood under the mixture before. */
    template <class M>
    double update(const M &batch, span<const double> sample_weights = {}, threads_ref on = {})
    {
        double mean = 0;
        const auto z = detail::view(batch);
        check(detail::real<detail::element<M>>::update(handle_.get(), z.c(), mixture::weights_of(z, sample_weights),
                                                       on.c(), &mean));
        return mean;
    }

    gmm::mixture model() const
    {
        return gmm::mixture::made([&](auto out) { return gmm_stepwise_mixture(handle_.get(), out); });
    }

    std::uint64_t n_updates() const noexcept { return gmm_stepwise_n_updates(handle_.get()); }

private:
    detail::handle<gmm_stepwise, gmm_stepwise_free> handle_;
};

/** Fits of several numbers of components and structures, compared. Immutable. */
class sweep {
public:
    /** Every number of components with every structure (GMM_COVARIANCE_*), the rest as `options` say. */
    template <class M>
    sweep(const M &samples, span<const std::size_t> n_components, span<const gmm_covariance> covariances,
          gmm_criterion criterion = GMM_CRITERION_BIC, const fit_options &options = fit_options(),
          threads_ref on = {})
        : handle_(detail::made<decltype(handle_)>([&](auto out) {
              gmm_sweep_options tried;
              check((gmm_sweep_options_init)(&tried, sizeof tried));
              tried.n_components = n_components.data(), tried.n_components_len = n_components.size();
              tried.covariances = covariances.data(), tried.covariances_len = covariances.size();
              tried.criterion = criterion, tried.fit = &options;
              return detail::real<detail::element<M>>::sweep(detail::view(samples).c(), &tried, on.c(), out);
          }))
    {
    }

    std::size_t size() const noexcept { return gmm_sweep_n_candidates(handle_.get()); }
    /** Which candidate has the smallest criterion. */
    std::size_t best() const noexcept { return gmm_sweep_best(handle_.get()); }

    gmm_candidate candidate(std::size_t at) const
    {
        gmm_candidate out = {};
        out.size = sizeof out;
        check(gmm_sweep_candidate(handle_.get(), at, &out));
        return out;
    }

    /** Throws what refused the candidate, if something did. */
    gmm::mixture model(std::size_t at) const
    {
        return gmm::mixture::made([&](auto out) { return gmm_sweep_mixture(handle_.get(), at, out); });
    }

private:
    detail::handle<gmm_sweep, gmm_sweep_free> handle_;
};

}  // namespace gmm

#endif
