// A program with hidden symbols catches a refusal thrown in a library.
#include <gmm.hpp>

#include <cstdio>

extern "C" void refused_in_a_library();

int main()
{
    try {
        refused_in_a_library();
    } catch (const gmm::error &refused) {
        return refused.status() == GMM_IO ? 0 : 2;
    } catch (...) {
        std::puts("caught, but not as a gmm::error");
        return 1;
    }
    return 3;
}
