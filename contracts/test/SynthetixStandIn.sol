// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface ISynth {
    function issue(address account, uint256 amount) external;
}

/// @title SynthetixStandIn
/// @notice Stands in for three contracts of Synthetix that hang on its debt pool, `Exchanger`, `FeePool` and `Issuer`, in what
/// its perpetual markets and its sUSD ask of them: no fee moves with volatility, no exchange waits to be settled, fees that
/// were paid are counted, and anyone may issue a synth.
contract SynthetixStandIn {
    // solhint-disable-next-line const-name-snakecase
    address public constant FEE_ADDRESS = 0xfeEFEEfeefEeFeefEEFEEfEeFeefEEFeeFEEFEeF;

    uint256 public feesPaid;

    function recordFeePaid(uint256 amount) external {
        feesPaid += amount;
    }

    function issueSynth(ISynth synth, address account, uint256 amount) external {
        synth.issue(account, amount);
    }

    function dynamicFeeRateForExchange(bytes32, bytes32) external pure returns (uint256 feeRate, bool tooVolatile) {
        return (0, false);
    }

    function settle(address, bytes32) external pure returns (uint256 reclaimed, uint256 refunded, uint256 settled) {
        return (0, 0, 0);
    }

    function settlementOwing(
        address,
        bytes32
    ) external pure returns (uint256 reclaimAmount, uint256 rebateAmount, uint256 numEntries) {
        return (0, 0, 0);
    }

    function maxSecsLeftInWaitingPeriod(address, bytes32) external pure returns (uint256) {
        return 0;
    }
}
