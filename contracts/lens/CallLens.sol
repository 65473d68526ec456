// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Many view calls in one `eth_call`
/// @notice Never deployed. Where a node can override state, the runtime code is put at an address that holds nothing, with the
/// calls as calldata; elsewhere the creation code runs with the calls as its argument and answers in the place of code.
/// @dev Calls are packed one after another: target (20 bytes), length of the data (2 bytes), data. So are the answers, in the
/// order of the calls: success (top bit) and length (31 bits), then what was returned. Every call finds at least a quarter
/// of the gas; once less is left the answers end, and whoever asks goes on with the calls that have none.
contract CallLens {
    /// @notice Answers packed calls in the place of code.
    /// @param calls Packed calls.
    constructor(bytes memory calls) {
        _answer(calls);
    }

    /// @notice Answers the packed calls that are the calldata.
    fallback() external {
        _answer(msg.data);
    }

    function _answer(bytes memory calls) private view {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let next := add(calls, 32)
            let end := add(next, mload(calls))
            let answers := mload(64)
            let out := answers
            let reserve := shr(2, gas())
            for {} lt(next, end) {} {
                let head := mload(next)
                let data := add(next, 22)
                let length := and(shr(80, head), 0xffff)
                let success := staticcall(gas(), shr(96, head), data, length, 0, 0)
                let size := returndatasize()
                mstore(out, shl(224, or(shl(31, success), size)))
                returndatacopy(add(out, 4), 0, size)
                out := add(out, add(4, size))
                next := add(data, length)
                if lt(gas(), reserve) {
                    break
                }
            }
            return(answers, sub(out, answers))
        }
    }
}
