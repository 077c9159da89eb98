// Types that do not describe their memory, for the cases of refused.txt.
#ifndef REFUSED_HPP
#define REFUSED_HPP

#include <gmm.hpp>

#include <array>
#include <list>
#include <string>
#include <vector>

// An mdspan whose elements are computed from memory, as std::linalg::scaled returns it.
struct computed {
    using element_type = const double;
    using reference = double;

    static constexpr std::size_t rank() { return 1; }
    std::size_t extent(int) const { return 3; }
    std::size_t stride(int) const { return 1; }
    const double *data_handle() const { return nullptr; }
};

// A tensor with an unusual interface for its strides.
struct unread {
    const double *data() const { return nullptr; }
    std::size_t size() const { return 3; }
    std::array<std::size_t, 2> strides() const { return {1, 3}; }
};

// A matrix expression without memory.
struct expression {
    std::size_t rows() const { return 3; }
    std::size_t cols() const { return 3; }
    std::size_t size() const { return 9; }
    double operator()(std::size_t, std::size_t) const { return 1; }
};

#endif
