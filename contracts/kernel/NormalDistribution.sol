// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title NormalDistribution
/// @notice Tail and cumulative distribution of the standard normal; equal bit for bit to `src/kernel/normal.ts`.
/// @dev The upper tail is 1 - N(x) = exp(-x^2/2) * M(x) with a smooth, slowly falling M, taken from published rational
/// forms, each where its relative error is below 1.5e-16: below 0.46875 * sqrt(2) Hart 5666 as printed by G. West,
/// "Better approximations to cumulative normal functions" (2005); above it the two ranges of erfc of W. J. Cody,
/// "Rational Chebyshev approximations for the error function" (1969). Coefficients are Q96; those of Cody's numerators
/// are halved, because 1 - N(x) = erfc(x / sqrt(2)) / 2. `rawDiv` is a division without the zero check that Solidity
/// adds even when unchecked; each use says why the divisor is not zero.
library NormalDistribution {
    uint256 internal constant CENTRAL_END = 662912607362388304;
    uint256 internal constant MIDDLE_END = 5656854249492380195;
    uint256 internal constant SQRT_2 = 1414213562373095049;
    /// @dev 1 / (2 * sqrt(pi)) in Q96.
    uint256 internal constant HALF_OVER_SQRT_PI = 22349852007088376149602616640;

    /// @notice `exponential` * M(x). With `exponential` = exp(-x^2/2) this is 1 - N(x).
    /// @param x Distance from the mean, 18 decimals, below 2^127.
    /// @param exponential Factor, 18 decimals, at most 1e18.
    /// @return The product, 18 decimals, rounded down.
    function upperTail(uint256 x, uint256 exponential) internal pure returns (uint256) {
        if (x < CENTRAL_END) return _centralTail(x, exponential);
        return x < MIDDLE_END ? _middleTail(x, exponential) : _outerTail(x, exponential);
    }

    /// @notice Standard normal cumulative distribution; 0 and 1 from 10 standard deviations on.
    /// @param x Standard deviations from the mean, 18 decimals, any value.
    /// @return Probability, 18 decimals.
    function cdf(int256 x) internal pure returns (uint256) {
        // exp(-50) is below half a wei, so nothing but the square is saved.
        if (x >= 10e18) return 1e18;
        if (x <= -10e18) return 0;
        // Unchecked: |x| < 1e19, so x^2 < 2^127; the exponential is at most 1e18 and the tail at most half of it.
        unchecked {
            uint256 exponential = uint256(FixedPointMathLib.expWad(-(x * x) / 2e18));
            if (x < 0) return upperTail(uint256(-x), exponential);
            return 1e18 - upperTail(uint256(x), exponential);
        }
    }

    /// @dev Hart 5666 in x, 0 <= x < 0.663.
    function _centralTail(uint256 x, uint256 exponential) private pure returns (uint256) {
        // Unchecked: y < 2^96; sums of positive terms, each below 2^107, so products with y are below 2^203 and the one
        // with the exponential below 2^167. The denominator is at least its last coefficient.
        unchecked {
            uint256 y = (x << 96) / 1e18;
            uint256 p = ((2793782811274865708995792344 * y) >> 96) + 55490063251982985439325613973;
            p = ((p * y) >> 96) + 504997313321183988772789751343;
            p = ((p * y) >> 96) + 2686854064982610631744200026450;
            p = ((p * y) >> 96) + 8879836321276928843208352153033;
            p = ((p * y) >> 96) + 17526346747716136297837296789480;
            p = ((p * y) >> 96) + 17446585517718866593419072006541;
            uint256 q = ((7002846371848264277131140168 * y) >> 96) + 139098283325591648216536793020;
            q = ((q * y) >> 96) + 1272735271903413669289948260021;
            q = ((q * y) >> 96) + 6875477954081866250299004168023;
            q = ((q * y) >> 96) + 23496240498236730931794024435254;
            q = ((q * y) >> 96) + 50494772681144588634273116487714;
            q = ((q * y) >> 96) + 62893415942062134000840181617016;
            q = ((q * y) >> 96) + 34893171035437733186838144013083;
            return FixedPointMathLib.rawDiv(exponential * p, q);
        }
    }

    /// @dev Cody's middle range of erfc in y = x / sqrt(2), 0.46875 <= y < 4.
    function _middleTail(uint256 x, uint256 exponential) private pure returns (uint256) {
        // Unchecked: y < 2^98 + 1; sums of positive terms, each below 2^117, so products with y are below 2^216 and the
        // one with the exponential below 2^177. The denominator is at least its last coefficient.
        unchecked {
            uint256 y = (x << 96) / SQRT_2;
            uint256 p = ((852936866188092946565 * y) >> 96) + 22349808964048444828811003534;
            p = ((p * y) >> 96) + 351897817774178042323293286839;
            p = ((p * y) >> 96) + 2619250990555541007100436136853;
            p = ((p * y) >> 96) + 11830156630786703542465827563625;
            p = ((p * y) >> 96) + 34937726957179648737582841589696;
            p = ((p * y) >> 96) + 67821193242965211035771296800525;
            p = ((p * y) >> 96) + 81251585523948830786951724328903;
            p = ((p * y) >> 96) + 48738763174815428354507402799861;
            uint256 q = y + 1247441564674402715388308782874;
            q = ((q * y) >> 96) + 9324675468162752757284751900729;
            q = ((q * y) >> 96) + 42559871637914902192057554356857;
            q = ((q * y) >> 96) + 128459716712703645722747745966674;
            q = ((q * y) >> 96) + 260723976650507417503908363478143;
            q = ((q * y) >> 96) + 345642294261701205763986324339402;
            q = ((q * y) >> 96) + 272494781033366128060994607876358;
            q = ((q * y) >> 96) + 97477526350086590568584481494497;
            return FixedPointMathLib.rawDiv(exponential * p, q);
        }
    }

    /// @dev Cody's outer range of erfc in s = 1 / y^2 = 2 / x^2, s <= 1/16.
    function _outerTail(uint256 x, uint256 exponential) private pure returns (uint256) {
        // Unchecked: 2^62 < x < 2^127, so x << 96 < 2^223, x^2 < 2^254, s < 2^93; sums of positive terms, each below
        // 2^98, so products with s are below 2^191. The correction is below 1/16 of HALF_OVER_SQRT_PI. The
        // denominators are at least 2^97 and the last coefficient.
        unchecked {
            uint256 y = (x << 96) / SQRT_2;
            uint256 s = (uint256(2e36) << 96) / (x * x);
            uint256 n = ((646319071798654303092567113 * s) >> 96) + 12095234127320989774037838574;
            n = ((n * s) >> 96) + 14274732147204714619654583251;
            n = ((n * s) >> 96) + 4982727518832578390594865523;
            n = ((n * s) >> 96) + 637144371804532151114217917;
            n = ((n * s) >> 96) + 26095742812910679242126305;
            uint256 d = s + 203499135215907536926559700119;
            d = ((d * s) >> 96) + 148390612775291007594526719399;
            d = ((d * s) >> 96) + 41824951288745216438906699708;
            d = ((d * s) >> 96) + 4794756980595818152451134389;
            d = ((d * s) >> 96) + 185013999363934713685846035;
            uint256 correction = FixedPointMathLib.rawDiv(s * n, d);
            return FixedPointMathLib.rawDiv(exponential * (HALF_OVER_SQRT_PI - correction), y);
        }
    }
}
