// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {IMarginRegistry} from "../interfaces/IMarginRegistry.sol";
import {SignedRecords} from "./SignedRecords.sol";

/// One signer of one: of all 2^16 bitmaps over his signature only the first bit alone is good.
contract SignerBitmapTest is SignedRecords {
    address private constant ACCOUNT = address(0xACC);

    function setUp() external {
        _start();
    }

    function testEveryBitmapButTheSignersOwnIsRefused() external {
        bytes memory wire = _wire(ACCOUNT, IMarginOracle.Margin(5, 4, 9, uint32(START), 0, 0, 8));
        for (uint256 bitmap = 0; bitmap < 1 << 16; ++bitmap) {
            (wire[93], wire[94]) = (bytes1(uint8(bitmap >> 8)), bytes1(uint8(bitmap)));
            (bool accepted, ) = _send(wire);
            require(accepted == (bitmap == 1), "bitmap");
        }
    }

    function testFuzzABitmapIsRefusedForWhatIsWrongWithIt(uint16 bitmap) external {
        bytes memory wire = _wire(ACCOUNT, IMarginOracle.Margin(5, 4, 9, uint32(START), 0, 0, 8));
        (wire[93], wire[94]) = (bytes1(uint8(bitmap >> 8)), bytes1(uint8(bitmap)));
        // solhint-disable-next-line avoid-low-level-calls
        (bool accepted, bytes memory result) = address(registry).call(wire);
        if (bitmap == 1) require(accepted, "own bit");
        else if (bitmap == 0) require(bytes4(result) == IMarginRegistry.WrongSignerCount.selector, "none");
        else require(bytes4(result) == IMarginRegistry.UnknownSignerBit.selector, "foreign");
    }
}
