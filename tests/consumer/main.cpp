// A program that knows gmm as it is installed and nothing else of the project.
#include <gmm.hpp>

#include <array>
#include <cmath>
#include <iostream>

int main()
{
    try {
        // The density of N(0, 1) at 0 is 1 / sqrt(2 pi).
        const std::array<double, 1> one = {1.0}, zero = {0.0};
        const auto mixture = gmm::mixture::create(one, zero, one);
        const double energy = mixture.energies(gmm::matrix<double>(zero, 1))[0];
        std::cout << gmm_version() << " " << energy << "\n";
        return std::abs(energy - 0.91893853320467274) < 1e-15 ? 0 : 1;
    } catch (const gmm::error &refused) {
        std::cerr << "gmm: " << refused.what() << "\n";
        return 1;
    }
}
