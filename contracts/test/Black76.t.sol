// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Black76} from "../kernel/Black76.sol";
import {NormalDistribution} from "../kernel/NormalDistribution.sol";

interface Vm {
    function expectRevert(bytes calldata message) external;
}

/// @title Black76Test
/// @notice Properties of the kernel that no reference is needed for; the exact values are compared in TypeScript.
contract Black76Test {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function testAtTheMoney() external pure {
        // 100 * (2 * N(0.1) - 1) = 7.96556745540579629...
        uint256 price = Black76.callPrice(100e18, 100e18, Black76.totalVolatility(0.2e18, 365 days));
        require(price < 7965567455405796294 && price > 7965567455405796294 - 20_000, "price");
        require(Black76.putPrice(100e18, 100e18, 0.2e18) == price, "put");
    }

    function testFuzzParityAndBounds(uint256 forward, uint256 strike, uint256 volatility) external pure {
        (forward, strike, volatility) = _option(forward, strike, volatility);
        uint256 call = Black76.callPrice(forward, strike, volatility);
        uint256 put = Black76.putPrice(forward, strike, volatility);
        require(call + strike == put + forward, "put-call parity");
        require(call <= forward && put <= strike, "upper bounds");
        require(call + strike >= forward && put + forward >= strike, "lower bounds");
    }

    function testFuzzPriceRisesWithVolatility(
        uint256 forward,
        uint256 strike,
        uint256 volatility,
        uint64 step
    ) external pure {
        (forward, strike, volatility) = _option(forward, strike, volatility);
        uint256 slack = (forward * 4) / 1e16 + 2;
        uint256 price = Black76.callPrice(forward, strike, volatility);
        require(Black76.callPrice(forward, strike, volatility + step) + slack >= price, "volatility");
    }

    function testFuzzPriceFallsWithStrike(
        uint256 forward,
        uint256 strike,
        uint256 volatility,
        uint64 step
    ) external pure {
        (forward, strike, volatility) = _option(forward, strike, volatility);
        if (strike + step > Black76.MAX_PRICE) return;
        uint256 slack = (forward * 4) / 1e16 + 2;
        uint256 price = Black76.callPrice(forward, strike, volatility);
        require(Black76.callPrice(forward, strike + step, volatility) <= price + slack, "strike");
    }

    function testFuzzDelta(uint256 forward, uint256 strike, uint256 volatility) external pure {
        (forward, strike, volatility) = _option(forward, strike, volatility);
        int256 call = Black76.callDelta(forward, strike, volatility);
        require(call >= 0 && call <= 1e18, "bounds");
        require(Black76.putDelta(forward, strike, volatility) == call - 1e18, "parity");
    }

    function testFuzzDistribution(int256 x, uint64 step) external pure {
        x = x % 12e18;
        uint256 probability = NormalDistribution.cdf(x);
        require(probability <= 1e18, "bound");
        require(x == 0 || NormalDistribution.cdf(-x) == 1e18 - probability, "symmetry");
        require(NormalDistribution.cdf(x + int256(uint256(step))) + 200 >= probability, "monotone");
    }

    function testFuzzTotalVolatility(uint256 sigma, uint256 duration) external pure {
        sigma = sigma % (Black76.MAX_VOLATILITY + 1);
        duration = duration % (Black76.MAX_SECONDS + 1);
        uint256 total = Black76.totalVolatility(sigma, duration);
        // total^2 <= sigma^2 * duration / year, with everything rounded down.
        require(total * total <= (sigma * sigma * duration) / 365 days + 1, "square");
    }

    function testFuzzRefusesPricesOutsideTheDomain(uint256 forward, uint256 strike) external {
        if (_inDomain(forward) && _inDomain(strike)) strike = 0;
        VM.expectRevert(
            abi.encodeWithSelector(Black76.Black76PriceOutOfDomain.selector, forward, strike, Black76.MAX_PRICE)
        );
        this.callPrice(forward, strike, 1e18);
    }

    function testRefusesZeroAndTheFirstPriceTooLarge() external {
        uint256[2] memory refused = [uint256(0), Black76.MAX_PRICE + 1];
        for (uint256 i; i < 2; ++i) {
            VM.expectRevert(
                abi.encodeWithSelector(Black76.Black76PriceOutOfDomain.selector, refused[i], 1e18, Black76.MAX_PRICE)
            );
            this.callPrice(refused[i], 1e18, 1e18);
            VM.expectRevert(
                abi.encodeWithSelector(Black76.Black76PriceOutOfDomain.selector, 1e18, refused[i], Black76.MAX_PRICE)
            );
            this.callDelta(1e18, refused[i], 1e18);
        }
    }

    function testRefusesVolatilityAndTimeOutsideTheDomain() external {
        VM.expectRevert(abi.encodeWithSelector(Black76.Black76VolatilityOutOfDomain.selector, 100e18 + 1, 1));
        this.totalVolatility(100e18 + 1, 1);
        VM.expectRevert(abi.encodeWithSelector(Black76.Black76VolatilityOutOfDomain.selector, 1, (1 << 32) + 1));
        this.totalVolatility(1, (1 << 32) + 1);
    }

    function callPrice(uint256 forward, uint256 strike, uint256 volatility) external pure returns (uint256) {
        return Black76.callPrice(forward, strike, volatility);
    }

    function callDelta(uint256 forward, uint256 strike, uint256 volatility) external pure returns (int256) {
        return Black76.callDelta(forward, strike, volatility);
    }

    function totalVolatility(uint256 sigma, uint256 duration) external pure returns (uint256) {
        return Black76.totalVolatility(sigma, duration);
    }

    /// @dev Half of the options anywhere in the domain, half near the money; volatility of every magnitude to 36.
    function _option(
        uint256 forward,
        uint256 strike,
        uint256 volatility
    ) private pure returns (uint256, uint256, uint256) {
        bool near = strike & 1 == 0;
        forward = ((forward % Black76.MAX_PRICE) >> (forward >> 249)) + 1;
        strike =
            near
                ? (forward * (0.1e18 + ((strike >> 1) % 10e18))) / 1e18 + 1
                : ((strike % Black76.MAX_PRICE) >> (strike >> 249)) + 1;
        if (strike > Black76.MAX_PRICE) strike = Black76.MAX_PRICE;
        return (forward, strike, (volatility % (1 << 65)) >> (volatility >> 250));
    }

    function _inDomain(uint256 price) private pure returns (bool) {
        return price >= 1 && price <= Black76.MAX_PRICE;
    }
}
