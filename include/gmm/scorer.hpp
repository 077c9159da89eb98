/* Scoring without allocations, for loops with tight deadlines. */
#ifndef GMM_SCORER_HPP
#define GMM_SCORER_HPP

#include "mixture.hpp"

namespace gmm {

/** A mixture with the memory for scoring. One thread may use one at a time. */
template <class Value>
class scorer {
public:
    /** An empty object; any use of it is refused. */
    scorer() = default;

    /** For calls with at most `max_samples` samples. */
    explicit scorer(const mixture &of, std::size_t max_samples = 1)
        : handle_(detail::made<handle>(
              [&](auto out) { return detail::real<Value>::scorer_create(of.c(), max_samples, out); })),
          k_(of.n_components())
    {
    }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    /** Writes every score that `requested` has memory for; allocates nothing. */
    template <class Samples>
    void score(const Samples &samples, const scores<Value> &requested)
    {
        const matrix<Value> z(samples);
        const auto memory = requested.c(z.rows(), k_);
        detail::throw_unless_ok(detail::real<Value>::scorer_score(handle_.get("scorer"), z.c(), &memory));
    }

    /**
     * As `score`, for loops that must not throw: returns the status. A refusal allocates nothing either. Memory of
     * another size is GMM_INVALID_SHAPE and an empty scorer GMM_NULL_POINTER, both without a message; for any other
     * refusal, `gmm_last_error_message()` has one.
     */
    template <class Samples>
    gmm_status try_score(const Samples &samples, const scores<Value> &requested) noexcept
    {
        const matrix<Value> z(samples);
        if (!handle_) {
            return GMM_NULL_POINTER;
        }
        if (!requested.fits(z.rows(), k_)) {
            return GMM_INVALID_SHAPE;
        }
        const auto memory = requested.unchecked();
        return detail::real<Value>::scorer_score(handle_.raw(), z.c(), &memory);
    }

    /** The energy of one sample: a row or a column, an array, a span; allocates nothing. */
    template <class Sample>
    Value energy(const Sample &sample)
    {
        const auto of = detail::describe(sample);
        detail::require_type<const Value, std::remove_pointer_t<decltype(of.data)>>();
        if (!of.is_flat()) {
            detail::refuse(GMM_INVALID_SHAPE, "a matrix of " + of.shape() + " is not one sample; pass one row");
        }
        return energy_at(matrix<Value>(of.data, 1, of.size(), of.flat_stride(), of.flat_stride()));
    }

    Value energy(span<const Value> sample) { return energy_at(matrix<Value>(sample.data(), 1, sample.size())); }

private:
    Value energy_at(const matrix<Value> &sample)
    {
        Value out = 0;
        scores<Value> requested;
        requested.energies = span<Value>(&out, 1);
        score(sample, requested);
        return out;
    }

    using handle = detail::unique<typename detail::real<Value>::scorer, detail::real<Value>::scorer_free>;
    handle handle_;
    std::size_t k_ = 0;
};

}  // namespace gmm

#endif
