// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {ProbeToken} from "./ProbeToken.sol";

interface IPoolFactory {
    function createPool(address tokenA, address tokenB, uint24 fee) external returns (address pool);
}

interface IPool {
    function initialize(uint160 sqrtPriceX96) external;
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function mint(
        address recipient,
        int24 tickLower,
        int24 tickUpper,
        uint128 amount,
        bytes calldata data
    ) external returns (uint256 amount0, uint256 amount1);
    function burn(int24 tickLower, int24 tickUpper, uint128 amount) external returns (uint256 amount0, uint256 amount1);
}

/// @title UniswapV3Probe
/// @notice Asks a real pool for the tick of a price and for what a position pays out; undoes every question.
contract UniswapV3Probe {
    struct Range {
        uint160 sqrtPrice;
        int24 tickLower;
        int24 tickUpper;
        uint128 liquidity;
    }

    error TickAnswer(int24 tick);
    error AmountsAnswer(uint256 amount0, uint256 amount1);

    ProbeToken private immutable TOKEN0;
    ProbeToken private immutable TOKEN1;
    IPool private immutable POOL;

    constructor(IPoolFactory factory, uint24 fee) {
        ProbeToken a = new ProbeToken();
        ProbeToken b = new ProbeToken();
        (TOKEN0, TOKEN1) = address(a) < address(b) ? (a, b) : (b, a);
        POOL = IPool(factory.createPool(address(a), address(b), fee));
    }

    function ticksOf(uint160[] calldata sqrtPrices) external returns (int24[] memory ticks) {
        ticks = new int24[](sqrtPrices.length);
        for (uint256 i; i < sqrtPrices.length; ++i) {
            try this.answerTick(sqrtPrices[i]) {
                revert("the probe did not revert");
            } catch (bytes memory answer) {
                ticks[i] = abi.decode(arguments(answer, TickAnswer.selector), (int24));
            }
        }
    }

    function amountsOf(
        Range[] calldata ranges
    ) external returns (uint256[] memory amounts0, uint256[] memory amounts1) {
        amounts0 = new uint256[](ranges.length);
        amounts1 = new uint256[](ranges.length);
        for (uint256 i; i < ranges.length; ++i) {
            try this.answerAmounts(ranges[i]) {
                revert("the probe did not revert");
            } catch (bytes memory answer) {
                (amounts0[i], amounts1[i]) = abi.decode(arguments(answer, AmountsAnswer.selector), (uint256, uint256));
            }
        }
    }

    function answerTick(uint160 sqrtPrice) external {
        POOL.initialize(sqrtPrice);
        (, int24 tick, , , , , ) = POOL.slot0();
        revert TickAnswer(tick);
    }

    function answerAmounts(Range calldata range) external {
        POOL.initialize(range.sqrtPrice);
        POOL.mint(address(this), range.tickLower, range.tickUpper, range.liquidity, "");
        (uint256 amount0, uint256 amount1) = POOL.burn(range.tickLower, range.tickUpper, range.liquidity);
        revert AmountsAnswer(amount0, amount1);
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        TOKEN0.mint(address(POOL), amount0);
        TOKEN1.mint(address(POOL), amount1);
    }

    function arguments(bytes memory answer, bytes4 selector) private pure returns (bytes memory) {
        require(bytes4(answer) == selector, string(answer));
        return Bytes.slice(answer, 4);
    }
}
