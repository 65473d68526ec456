// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Black76} from "../kernel/Black76.sol";
import {NormalDistribution} from "../kernel/NormalDistribution.sol";

/// @title KernelHarness
/// @notice Runs the kernel over many inputs in one call, and measures its gas.
contract KernelHarness {
    struct Option {
        uint256 forward;
        uint256 strike;
        uint256 volatility;
    }

    function exponentials(int256[] calldata x) external pure returns (int256[] memory results) {
        results = new int256[](x.length);
        for (uint256 i; i < x.length; ++i) results[i] = FixedPointMathLib.expWad(x[i]);
    }

    function logarithms(int256[] calldata x) external pure returns (int256[] memory results) {
        results = new int256[](x.length);
        for (uint256 i; i < x.length; ++i) results[i] = FixedPointMathLib.lnWad(x[i]);
    }

    function powers(int256[] calldata x, int256[] calldata p) external pure returns (int256[] memory results) {
        results = new int256[](x.length);
        for (uint256 i; i < x.length; ++i) results[i] = FixedPointMathLib.powWad(x[i], p[i]);
    }

    function squareRoots(uint256[] calldata x) external pure returns (uint256[] memory results) {
        results = new uint256[](x.length);
        for (uint256 i; i < x.length; ++i) results[i] = FixedPointMathLib.sqrt(x[i]);
    }

    function tails(uint256[] calldata x, uint256[] calldata factor) external pure returns (uint256[] memory results) {
        results = new uint256[](x.length);
        for (uint256 i; i < x.length; ++i) results[i] = NormalDistribution.upperTail(x[i], factor[i]);
    }

    function probabilities(int256[] calldata x) external pure returns (uint256[] memory results) {
        results = new uint256[](x.length);
        for (uint256 i; i < x.length; ++i) results[i] = NormalDistribution.cdf(x[i]);
    }

    function totalVolatilities(
        uint256[] calldata sigma,
        uint256[] calldata duration
    ) external pure returns (uint256[] memory results) {
        results = new uint256[](sigma.length);
        for (uint256 i; i < sigma.length; ++i) results[i] = Black76.totalVolatility(sigma[i], duration[i]);
    }

    function prices(Option[] calldata options) external pure returns (uint256[] memory calls, uint256[] memory puts) {
        calls = new uint256[](options.length);
        puts = new uint256[](options.length);
        for (uint256 i; i < options.length; ++i) {
            Option calldata option = options[i];
            calls[i] = Black76.callPrice(option.forward, option.strike, option.volatility);
            puts[i] = Black76.putPrice(option.forward, option.strike, option.volatility);
        }
    }

    function deltas(Option[] calldata options) external pure returns (int256[] memory calls, int256[] memory puts) {
        calls = new int256[](options.length);
        puts = new int256[](options.length);
        for (uint256 i; i < options.length; ++i) {
            Option calldata option = options[i];
            calls[i] = Black76.callDelta(option.forward, option.strike, option.volatility);
            puts[i] = Black76.putDelta(option.forward, option.strike, option.volatility);
        }
    }

    function callPriceGas(
        uint256 forward,
        uint256 strike,
        uint256 sigma,
        uint256 duration
    ) external view returns (uint256 used, uint256 price) {
        uint256 before = gasleft();
        price = Black76.callPrice(forward, strike, Black76.totalVolatility(sigma, duration));
        used = before - gasleft();
    }
}
