/* Scoring in loops that must not wait for an allocator. */
#ifndef GMM_SCORER_HPP
#define GMM_SCORER_HPP

#include "mixture.hpp"

namespace gmm {

/** A mixture with the memory that scoring takes. One thread may use one at a time. */
template <class T>
class scorer {
public:
    /** For calls with at most `max_samples` samples. */
    explicit scorer(const mixture &of, std::size_t max_samples = 1)
        : handle_(detail::made<unique>([&](auto out) {
              return detail::real<T>::scorer_create(of.c(), max_samples, out);
          }))
    {
    }

    /** Every score that `wanted` has memory for; allocates nothing. */
    void score(const matrix<T> &samples, const scores<T> &wanted)
    {
        check(detail::real<T>::scorer_score(handle_.get(), samples.c(), &wanted));
    }

    /** The energy of one sample; allocates nothing. */
    T energy(span<const T> sample)
    {
        T out = 0;
        scores<T> wanted;
        wanted.energies = &out;
        score(matrix<T>(sample.data(), 1, sample.size()), wanted);
        return out;
    }

private:
    using unique = detail::handle<typename detail::real<T>::scorer, detail::real<T>::free>;
    unique handle_;
};

}  // namespace gmm

#endif
