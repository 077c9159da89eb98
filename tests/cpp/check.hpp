// Shared by the C++ tests: checks that report where they failed.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <gmm.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#define CHECK(...)                                                                    \
    do {                                                                              \
        if (!(__VA_ARGS__)) {                                                         \
            std::fprintf(stderr, "%s line %d: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
            std::exit(1);                                                             \
        }                                                                             \
    } while (0)

inline bool close(double got, double wanted)
{
    return std::abs(got - wanted) <= 1e-12 * (1 + std::abs(wanted));
}

// The status that `call` is refused with, and its message, which must be more than a word.
template <class Call>
gmm_status status_of(Call &&call, std::string *said = nullptr)
{
    try {
        call();
    } catch (const gmm::error &refused) {
        CHECK(std::string(refused.what()).size() > 5);
        if (said) {
            *said = refused.what();
        }
        return refused.status();
    }
    return GMM_OK;
}

// Whether `call` throws the caller's own exception.
template <class Call>
bool throws_mine(Call &&call, const std::string &words = "mine")
{
    try {
        call();
    } catch (const gmm::error &) {
        return false;
    } catch (const std::runtime_error &thrown) {
        return thrown.what() == words;
    }
    return false;
}

#endif
