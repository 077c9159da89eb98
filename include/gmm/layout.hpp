/* How the elements of an object lie in memory, as vectors, spans, mdspans and matrices of Eigen describe it.
 *
 * `describe(object)` is a `layout`: a pointer, up to three extents, and their strides. Only an object that
 * describes where its elements lie is taken for an array. Any other, such as an unevaluated expression, does not
 * compile.
 */
#ifndef GMM_LAYOUT_HPP
#define GMM_LAYOUT_HPP

#include "base.hpp"

#include <array>
#include <iterator>
#if defined(__has_include) && __cplusplus >= 202002L
#if __has_include(<ranges>)
#include <ranges>
#endif
#endif

namespace gmm {

template <class Value>
class span;
template <class Value>
class values;
template <class Value>
class matrix;

namespace detail {

/** Element (i, j, k) is data[i strides[0] + j strides[1] + k strides[2]]; axes beyond `rank` have extent 1. */
template <class Value>
struct layout {
    Value *data = nullptr;
    std::size_t rank = 1;
    std::array<std::size_t, 3> extents = {0, 1, 1};
    std::array<std::ptrdiff_t, 3> strides = {1, 1, 1};

    std::size_t size() const noexcept { return product({extents[0], extents[1], extents[2]}); }

    /** Whether the elements lie in row-major order without gaps. */
    bool is_dense() const noexcept
    {
        std::size_t step = 1;
        for (std::size_t axis = 3; axis-- > 0;) {
            if (extents[axis] > 1 && strides[axis] != static_cast<std::ptrdiff_t>(step)) {
                return size() == 0;
            }
            step *= extents[axis];
        }
        return true;
    }

    /** Whether at most one axis has an extent above 1. */
    bool is_flat() const noexcept { return (extents[0] > 1) + (extents[1] > 1) + (extents[2] > 1) <= 1; }

    std::ptrdiff_t flat_stride() const noexcept
    {
        return extents[0] > 1 ? strides[0] : extents[1] > 1 ? strides[1] : extents[2] > 1 ? strides[2] : 1;
    }

    template <class Visit>
    void each(Visit &&visit) const
    {
        const auto at = [](std::size_t index, std::ptrdiff_t stride) {
            return static_cast<std::ptrdiff_t>(index) * stride;
        };
        for (std::size_t i = 0; i < extents[0]; i++) {
            for (std::size_t j = 0; j < extents[1]; j++) {
                for (std::size_t k = 0; k < extents[2]; k++) {
                    visit(data[at(i, strides[0]) + at(j, strides[1]) + at(k, strides[2])]);
                }
            }
        }
    }

    std::string shape() const
    {
        std::string text = std::to_string(extents[0]);
        for (std::size_t axis = 1; axis < rank; axis++) {
            text += " x " + std::to_string(extents[axis]);
        }
        return text;
    }
};

/* Traits that detect how an object describes its memory. */
#define GMM_SAYS(trait, expression)                                                   \
    template <class Source, class = void>                                             \
    struct trait : std::false_type {};                                                \
    template <class Source>                                                           \
    struct trait<Source, std::void_t<decltype(expression)>> : std::true_type {};

GMM_SAYS(says_data, *std::declval<Source &>().data())
GMM_SAYS(says_handle, *std::declval<Source &>().data_handle())
GMM_SAYS(says_size, static_cast<std::size_t>(std::declval<Source &>().size()))
GMM_SAYS(says_rows, std::declval<Source &>().rows())
GMM_SAYS(says_eigen_strides, (std::declval<Source &>().rowStride(), std::declval<Source &>().colStride()))
GMM_SAYS(says_own_strides, (std::declval<Source &>().row_stride(), std::declval<Source &>().col_stride()))
GMM_SAYS(says_rank, static_cast<std::size_t>(Source::rank()))
GMM_SAYS(says_extents, (std::declval<Source &>().extent(0), std::declval<Source &>().stride(0)))
GMM_SAYS(says_extent, std::declval<Source &>().extent(0))
GMM_SAYS(says_always_strided, static_cast<bool>(Source::is_always_strided()))
GMM_SAYS(says_strides, std::declval<Source &>().strides())
GMM_SAYS(says_stride, std::declval<Source &>().stride())
GMM_SAYS(says_inner_stride, std::declval<Source &>().innerStride())
GMM_SAYS(says_dimensions, std::declval<Source &>().dimensions())
GMM_SAYS(says_dimension, std::declval<Source &>().dimension(0))
GMM_SAYS(says_shape, std::declval<Source &>().shape())
GMM_SAYS(says_n_rows, std::declval<Source &>().n_rows)
GMM_SAYS(says_reference, (std::declval<typename Source::element_type>(), std::declval<typename Source::reference>()))
GMM_SAYS(says_index, &std::declval<Source &>()[std::size_t{1}])
#undef GMM_SAYS

template <class Source>
struct is_bools : std::false_type {};
template <class Allocator>
struct is_bools<std::vector<bool, Allocator>> : std::true_type {};

template <class Source>
struct is_std_array : std::false_type {};
template <class Value, std::size_t Length>
struct is_std_array<std::array<Value, Length>> : std::true_type {};

template <class Source>
struct is_borrowed : std::false_type {};
template <class Value>
struct is_borrowed<span<Value>> : std::true_type {};
template <class Value>
struct is_borrowed<matrix<Value>> : std::true_type {};

/** Whether the elements outlive the object, as those of spans do. */
template <class Source>
constexpr bool outlives()
{
#ifdef __cpp_lib_ranges
    return is_borrowed<Source>::value || std::ranges::borrowed_range<Source>;
#else
    return is_borrowed<Source>::value;
#endif
}

enum class kind { c_array, strided_matrix, mdspan, sequence, pointer, bools, expression, unread, unknown };

/** The way in which `Source`, which may be const, describes its memory. */
template <class Source>
constexpr kind kind_of()
{
    using plain = std::remove_cv_t<Source>;
    if constexpr (std::is_array_v<Source>) {
        return kind::c_array;
    } else if constexpr (std::is_pointer_v<plain>) {
        return kind::pointer;
    } else if constexpr (is_bools<plain>::value) {
        return kind::bools;
    } else if constexpr (says_data<Source>::value && says_rows<Source>::value &&
                         (says_eigen_strides<Source>::value || says_own_strides<Source>::value)) {
        return kind::strided_matrix;
    } else if constexpr ((says_handle<Source>::value || says_data<Source>::value) && says_rank<plain>::value &&
                         says_extents<Source>::value) {
        return kind::mdspan;
    } else if constexpr (says_rows<Source>::value || says_inner_stride<Source>::value) {
        return kind::expression;
    } else if constexpr (says_handle<Source>::value || says_extent<Source>::value || says_strides<Source>::value ||
                         says_stride<Source>::value || says_dimensions<Source>::value ||
                         says_dimension<Source>::value || says_shape<Source>::value || says_n_rows<Source>::value) {
        return kind::unread;
    } else if constexpr (says_data<Source>::value && says_size<Source>::value) {
        return kind::sequence;
    } else {
        return kind::unknown;
    }
}

template <kind Kind>
constexpr void require_elements()
{
    static_assert(Kind != kind::pointer, "gmm: a pointer does not say how many elements it points at: pass {pointer, "
                                         "length}, a container, or gmm::matrix(data, rows, cols)");
    static_assert(Kind != kind::bools, "gmm: a std::vector<bool> has no elements in memory: use a vector of numbers");
    static_assert(Kind != kind::expression,
                  "gmm: this matrix does not say where its elements are: evaluate an expression first (.eval() in "
                  "Eigen), or pass gmm::matrix(data, rows, cols, row_stride, col_stride)");
    static_assert(Kind != kind::unread,
                  "gmm: this type has dimensions or strides that gmm.hpp does not read: pass gmm::matrix(data, rows, "
                  "cols, row_stride, col_stride) or gmm::span(data, length)");
    static_assert(Kind != kind::unknown, "gmm: pass numbers in memory: a vector, an array, a span, a matrix of Eigen");
}

/** The elements of a C array of any rank. */
template <class Value, std::size_t Length>
auto *first_of(Value (&array)[Length])
{
    if constexpr (std::is_array_v<Value>) {
        return first_of(array[0]);
    } else {
        return &array[0];
    }
}

/** The layout of `source`. */
template <class Source>
auto describe(Source &source)
{
    constexpr kind what = kind_of<Source>();
    require_elements<what>();
    if constexpr (what == kind::c_array) {
        constexpr std::size_t rank = std::rank_v<Source>;
        static_assert(rank <= 3, "gmm: an array has three dimensions at most");
        layout<std::remove_pointer_t<decltype(first_of(source))>> of;
        of.data = first_of(source), of.rank = rank;
        of.extents = {std::extent_v<Source, 0>, rank > 1 ? std::extent_v<Source, 1> : 1,
                      rank > 2 ? std::extent_v<Source, 2> : 1};
        of.strides = {static_cast<std::ptrdiff_t>(of.extents[1] * of.extents[2]),
                      static_cast<std::ptrdiff_t>(of.extents[2]), 1};
        return of;
    } else if constexpr (what == kind::strided_matrix) {
        layout<std::remove_pointer_t<decltype(source.data())>> of;
        of.data = source.data(), of.rank = 2;
        of.extents = {static_cast<std::size_t>(source.rows()), static_cast<std::size_t>(source.cols()), 1};
        if constexpr (says_eigen_strides<Source>::value) {
            of.strides = {static_cast<std::ptrdiff_t>(source.rowStride()),
                          static_cast<std::ptrdiff_t>(source.colStride()), 1};
        } else {
            of.strides = {source.row_stride(), source.col_stride(), 1};
        }
        return of;
    } else if constexpr (what == kind::mdspan) {
        using plain = std::remove_cv_t<Source>;
        constexpr auto rank = static_cast<std::size_t>(plain::rank());
        static_assert(rank >= 1 && rank <= 3, "gmm: an mdspan has one to three dimensions");
        if constexpr (says_reference<plain>::value) {
            static_assert(std::is_same_v<typename plain::reference, typename plain::element_type &>,
                          "gmm: this mdspan computes its elements: copy them first");
        }
        const auto first = [&] {
            if constexpr (says_handle<Source>::value) {
                return source.data_handle();
            } else {
                return source.data();
            }
        }();
        static_assert(std::is_pointer_v<std::remove_const_t<decltype(first)>>,
                      "gmm: this mdspan is not over a pointer: copy its elements first");
        if constexpr (says_always_strided<plain>::value) {
            static_assert(plain::is_always_strided(), "gmm: this mdspan has no strides: copy its elements first");
        }
        layout<std::remove_pointer_t<std::remove_const_t<decltype(first)>>> of;
        of.data = first, of.rank = rank;
        for (std::size_t axis = 0; axis < rank; axis++) {
            of.extents[axis] = static_cast<std::size_t>(source.extent(static_cast<unsigned>(axis)));
            of.strides[axis] = static_cast<std::ptrdiff_t>(source.stride(static_cast<unsigned>(axis)));
        }
        return of;
    } else if constexpr (what == kind::sequence) {
        layout<std::remove_pointer_t<decltype(source.data())>> of;
        of.data = source.data();
        of.extents[0] = static_cast<std::size_t>(source.size());
        if constexpr (says_index<Source>::value) {
            // A view may skip elements although its type does not show it, so the addresses of its elements are
            // compared.
            if constexpr (std::is_convertible_v<decltype(&source[std::size_t{1}]), decltype(of.data)>) {
                const std::size_t last = of.extents[0] ? of.extents[0] - 1 : 0;
                if (last > 0) {
                    of.strides[0] = &source[std::size_t{1}] - of.data;
                    if (&source[last] != of.data + static_cast<std::ptrdiff_t>(last) * of.strides[0]) {
                        refuse(GMM_INVALID_SHAPE, "the elements of a sequence are not evenly spaced; copy them first");
                    }
                }
            }
        }
        return of;
    } else {
        return layout<const double>{};
    }
}

template <class Source>
using described = decltype(describe(std::declval<std::remove_reference_t<Source> &>()).data);

/** The type of the elements of `Source`. */
template <class Source>
using element_of = std::remove_cv_t<std::remove_pointer_t<described<Source>>>;

/** Refuses elements of another type at compile time. */
template <class Value, class Got>
constexpr void require_type()
{
    using wanted = std::remove_const_t<Value>;
    using got = std::remove_cv_t<Got>;
    static_assert(std::is_same_v<got, wanted> || !std::is_integral_v<got> || std::is_integral_v<wanted>,
                  "gmm: the elements are integers where the function takes float or double: convert them first "
                  "(.cast<double>() in Eigen)");
    static_assert(std::is_same_v<got, wanted> || !std::is_arithmetic_v<got> || std::is_integral_v<got>,
                  "gmm: the elements are of another type than the function takes: convert them first");
    static_assert(std::is_same_v<got, wanted> || !std::is_integral_v<got> || !std::is_integral_v<wanted>,
                  "gmm: the elements are integers of another type than the function takes: convert them first");
    static_assert(std::is_same_v<got, wanted> || std::is_arithmetic_v<got>,
                  "gmm: the elements are no numbers: pass a vector, an array, a span or a matrix of numbers");
    static_assert(!std::is_same_v<got, wanted> || std::is_const_v<Value> || !std::is_const_v<Got>,
                  "gmm: the function writes to these elements, which are const");
}

}  // namespace detail
}  // namespace gmm

#endif
