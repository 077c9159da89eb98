// A library that hides its symbols and is refused something.
#include <gmm.hpp>

extern "C" __attribute__((visibility("default"))) void refused_in_a_library()
{
    gmm::mixture::load("no such file");
}
