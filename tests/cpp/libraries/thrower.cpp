// A library with hidden symbols that throws a refusal.
#include <gmm.hpp>

extern "C" __attribute__((visibility("default"))) void refused_in_a_library()
{
    gmm::mixture::load("no such file");
}
