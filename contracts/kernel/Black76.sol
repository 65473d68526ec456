// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {NormalDistribution} from "./NormalDistribution.sol";

/// @title Black76
/// @notice Undiscounted prices and deltas of European options on a forward; equal bit for bit to `src/kernel/black76.ts`.
/// @dev F. Black, "The pricing of commodity contracts" (1976). All numbers have 18 decimals. The error bound and its
/// derivation are in docs/kernel.md. `rawDiv` and `rawSDiv` leave out the zero check that Solidity adds even when
/// unchecked; each use says why the divisor is not zero.
library Black76 {
    error Black76PriceOutOfDomain(uint256 forward, uint256 strike, uint256 most);
    error Black76VolatilityOutOfDomain(uint256 sigma, uint256 duration);

    /// @dev Largest forward and strike; the smallest is 1 wei.
    uint256 internal constant MAX_PRICE = 1 << 120;
    /// @dev Largest annual volatility: 10,000 %.
    uint256 internal constant MAX_VOLATILITY = 100e18;
    /// @dev Longest time to expiry, seconds (136 years).
    uint256 internal constant MAX_SECONDS = 1 << 32;
    uint256 internal constant SECONDS_PER_YEAR = 31_536_000;
    /// @dev Total volatility from which a call is worth its forward: the exact price is nearer than 2e-17 of the forward.
    uint256 internal constant SATURATION = 24e18;

    /// @notice Volatility over the life of an option, sigma * sqrt(T).
    /// @param sigma Annual volatility, 18 decimals.
    /// @param duration Time to expiry in seconds; a year has 365 days.
    /// @return Total volatility, 18 decimals, rounded down.
    function totalVolatility(uint256 sigma, uint256 duration) internal pure returns (uint256) {
        if (sigma > MAX_VOLATILITY || duration > MAX_SECONDS) revert Black76VolatilityOutOfDomain(sigma, duration);
        // Unchecked: sigma < 2^67 and duration <= 2^32, so years < 2^68, its root in WAD < 2^64, the product < 2^131.
        unchecked {
            uint256 year = (duration * 1e18) / SECONDS_PER_YEAR;
            return (sigma * FixedPointMathLib.sqrt(year * 1e18)) / 1e18;
        }
    }

    /// @notice Price of a call, between max(forward - strike, 0) and forward.
    /// @param forward Forward price, 1 wei to MAX_PRICE.
    /// @param strike Strike, 1 wei to MAX_PRICE.
    /// @param volatility Total volatility, raised to 1 wei; from SATURATION on the call is worth its forward.
    /// @return price Undiscounted price.
    function callPrice(uint256 forward, uint256 strike, uint256 volatility) internal pure returns (uint256 price) {
        _requireDomain(forward, strike);
        if (volatility >= SATURATION) return forward;
        (int256 d2, uint256 density1, uint256 probability1) = _standardize(forward, strike, volatility);
        // K * N(d2) is taken as F * exp(-d1^2/2) * M(-d2), because K * exp(-d2^2/2) = F * exp(-d1^2/2): one exponential,
        // and every rounding is relative to the forward however far the strike is.
        // Unchecked: forward <= 2^120, probabilities and tails are at most 2e18, so products stay below 2^181; the
        // subtractions are signed; |d2| < 2^127 (see _standardize).
        unchecked {
            int256 call;
            if (d2 < 0) {
                uint256 tail2 = NormalDistribution.upperTail(uint256(-d2), density1);
                call = (int256(forward) * (int256(probability1) - int256(tail2))) / 1e18;
            } else {
                uint256 tail2 = NormalDistribution.upperTail(uint256(d2), density1);
                call = int256((forward * (probability1 + tail2)) / 1e18) - int256(strike);
            }
            uint256 intrinsic = forward > strike ? forward - strike : 0;
            if (call < int256(intrinsic)) return intrinsic;
            price = uint256(call);
            if (price > forward) price = forward;
        }
    }

    /// @notice Price of a put, between max(strike - forward, 0) and strike; put = call + strike - forward to the wei.
    /// @param forward Forward price, 1 wei to MAX_PRICE.
    /// @param strike Strike, 1 wei to MAX_PRICE.
    /// @param volatility Total volatility, raised to 1 wei; from SATURATION on the put is worth its strike.
    /// @return Undiscounted price.
    function putPrice(uint256 forward, uint256 strike, uint256 volatility) internal pure returns (uint256) {
        uint256 call = callPrice(forward, strike, volatility);
        // Unchecked: forward, strike and call are at most 2^120, and call >= forward - strike.
        unchecked {
            return call + strike - forward;
        }
    }

    /// @notice Derivative of the call with respect to the forward, N(d1); 1 from SATURATION on.
    /// @param forward Forward price, 1 wei to MAX_PRICE.
    /// @param strike Strike, 1 wei to MAX_PRICE.
    /// @param volatility Total volatility, raised to 1 wei.
    /// @return delta Between 0 and 1e18.
    function callDelta(uint256 forward, uint256 strike, uint256 volatility) internal pure returns (int256 delta) {
        _requireDomain(forward, strike);
        if (volatility >= SATURATION) return 1e18;
        (, , uint256 probability1) = _standardize(forward, strike, volatility);
        delta = int256(probability1);
    }

    /// @notice Derivative of the put with respect to the forward, N(d1) - 1; 0 from SATURATION on.
    /// @param forward Forward price, 1 wei to MAX_PRICE.
    /// @param strike Strike, 1 wei to MAX_PRICE.
    /// @param volatility Total volatility, raised to 1 wei.
    /// @return Between -1e18 and 0.
    function putDelta(uint256 forward, uint256 strike, uint256 volatility) internal pure returns (int256) {
        return callDelta(forward, strike, volatility) - 1e18;
    }

    /// @dev d2, exp(-d1^2/2) and N(d1). Requires both prices in the domain and volatility below SATURATION.
    function _standardize(
        uint256 forward,
        uint256 strike,
        uint256 volatility
    ) private pure returns (int256 d2, uint256 density1, uint256 probability1) {
        // Unchecked: prices are at most 2^120, so their WAD ratio is below 2^180 and |ln| < 83.2e18 < 2^66.2. The
        // quotient by a volatility of at least 1 wei is below 2^126, d1^2 below 2^252.1, and the tail at most 0.5e18.
        // No divisor is zero: prices are at least 1 wei, volatility is raised to 1 wei.
        unchecked {
            if (volatility == 0) volatility = 1;
            // From the larger over the smaller, so that the quotient never loses more than 1e-18 of itself.
            int256 logRatio =
                forward < strike
                    ? -FixedPointMathLib.lnWad(int256(FixedPointMathLib.rawDiv(strike * 1e18, forward)))
                    : FixedPointMathLib.lnWad(int256(FixedPointMathLib.rawDiv(forward * 1e18, strike)));
            int256 d1 = FixedPointMathLib.rawSDiv(logRatio * 1e18, int256(volatility)) + int256(volatility >> 1);
            d2 = d1 - int256(volatility);
            density1 = uint256(FixedPointMathLib.expWad(-(d1 * d1) / 2e18));
            probability1 =
                d1 < 0
                    ? NormalDistribution.upperTail(uint256(-d1), density1)
                    : 1e18 - NormalDistribution.upperTail(uint256(d1), density1);
        }
    }

    /// @dev Also bounds what the unchecked steps above rely on.
    function _requireDomain(uint256 forward, uint256 strike) private pure {
        // Zero wraps to the largest integer, so one comparison holds each price between 1 and MAX_PRICE.
        unchecked {
            if (forward - 1 >= MAX_PRICE || strike - 1 >= MAX_PRICE) {
                revert Black76PriceOutOfDomain(forward, strike, MAX_PRICE);
            }
        }
    }
}
