// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {IMarginDebt} from "../interfaces/IMarginDebt.sol";
import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {ChainlinkValue} from "../libraries/ChainlinkValue.sol";
import {MarginConsumer} from "../MarginConsumer.sol";
import {LenderPool} from "./LenderPool.sol";

/// @title A lending line that lends more to accounts with verified free equity
/// @notice Lends one token against another that it holds itself. On base terms no record is needed. An account whose fresh
/// record shows enough free equity borrows at a higher rate, but never more than 95 % of the collateral held here: the
/// record argues about the last part of the loan, the collateral is always there. No interest, no owner, fixed terms.
contract CreditLine is MarginConsumer, LenderPool, IMarginDebt {
    using ChainlinkValue for ChainlinkValue.Feed;
    using SafeCast for uint256;

    /// @notice Fixed terms. Rates are fractions of collateral value with 18 decimals.
    /// @dev `baseAdvance`: debt allowed without a record. `marginAdvance`: debt allowed with one. `baseThreshold`: debt
    /// that base terms still bear. `hardThreshold`: debt that nothing bears, at most 0.95. `bonus`: collateral a liquidator
    /// gets on top. `grace`: seconds of silence beyond the maximum age before debt above the base threshold may be
    /// liquidated. Price ages in seconds.
    struct Terms {
        address collateral;
        AggregatorV3Interface collateralFeed;
        uint32 collateralPriceAge;
        address asset;
        AggregatorV3Interface assetFeed;
        uint32 assetPriceAge;
        uint64 baseAdvance;
        uint64 marginAdvance;
        uint64 baseThreshold;
        uint64 hardThreshold;
        uint64 bonus;
        uint32 grace;
    }

    /// @notice A borrower's position.
    /// @dev `collateral`, `debt`: smallest units. `unseen`: borrowed since the last record that can have seen it, quote
    /// units. `lastBorrowAt`: time of the last borrow. `lastRecordAt`: observation time of the newest record relied on.
    struct Loan {
        uint128 collateral;
        uint128 debt;
        uint128 unseen;
        uint64 lastBorrowAt;
        uint64 lastRecordAt;
    }

    /// @notice Token that is held.
    address public immutable collateral;

    /// @notice Debt allowed without a record, fraction of collateral value, 18 decimals.
    uint256 public immutable baseAdvance;

    /// @notice Debt allowed with a record, fraction of collateral value, 18 decimals.
    uint256 public immutable marginAdvance;

    /// @notice Debt that base terms still bear, fraction of collateral value, 18 decimals.
    uint256 public immutable baseThreshold;

    /// @notice Debt that nothing bears, fraction of collateral value, 18 decimals.
    uint256 public immutable hardThreshold;

    /// @notice Collateral a liquidator gets on top, fraction of the debt repaid, 18 decimals.
    uint256 public immutable bonus;

    /// @notice Seconds of silence beyond the maximum age before debt above the base threshold may be liquidated.
    uint256 public immutable grace;

    /// @notice Loan of a borrower.
    mapping(address borrower => Loan loan) public loanOf;

    uint256 private constant WAD = 1e18;
    uint256 private constant MAXIMUM_THRESHOLD = 0.95e18;

    AggregatorV3Interface private immutable _collateralAggregator;
    uint32 private immutable _collateralPriceAge;
    uint256 private immutable _collateralScale;
    AggregatorV3Interface private immutable _assetAggregator;
    uint32 private immutable _assetPriceAge;
    uint256 private immutable _assetScale;

    /// @notice The terms contradict each other.
    error InvalidTerms();

    /// @notice The debt would exceed what the collateral allows.
    /// @param debt Debt after the action, quote units.
    /// @param limit Debt allowed, quote units.
    error AdvanceExceeded(uint256 debt, uint256 limit);

    /// @notice More than the borrower owes or has.
    /// @param available What there is.
    /// @param needed What was asked for.
    error ExceedsPosition(uint256 available, uint256 needed);

    /// @notice The loan may not be liquidated.
    /// @param borrower Borrower of the loan.
    error NotLiquidatable(address borrower);

    /// @notice The liquidator would get less than it demands.
    /// @param seized Collateral it would get, smallest units.
    /// @param minimum Collateral it demands, smallest units.
    error SeizureBelowMinimum(uint256 seized, uint256 minimum);

    /// @notice Collateral came in.
    /// @param borrower The borrower.
    /// @param amount Smallest units.
    event Deposited(address indexed borrower, uint256 amount);

    /// @notice Collateral went out.
    /// @param borrower The borrower.
    /// @param amount Smallest units.
    event Withdrawn(address indexed borrower, uint256 amount);

    /// @notice Tokens were lent.
    /// @param borrower The borrower.
    /// @param amount Smallest units.
    event Borrowed(address indexed borrower, uint256 amount);

    /// @notice Debt was repaid.
    /// @param borrower The borrower.
    /// @param amount Smallest units.
    event Repaid(address indexed borrower, uint256 amount);

    /// @notice A loan was liquidated.
    /// @param borrower The borrower.
    /// @param liquidator Who repaid.
    /// @param repaid Smallest units of the asset.
    /// @param seized Smallest units of the collateral.
    /// @param writtenOff Debt that lenders lost, smallest units of the asset.
    event Liquidated(
        address indexed borrower,
        address indexed liquidator,
        uint256 repaid,
        uint256 seized,
        uint256 writtenOff
    );

    /// @notice Fixes the terms.
    /// @param oracle Source of margin records.
    /// @param maxAge Oldest record accepted, seconds.
    /// @param agingRate Fraction of the requirement added per second of a record's age, 18 decimals.
    /// @param acceptedModels One bit per model id.
    /// @param terms The terms.
    constructor(
        IMarginOracle oracle,
        uint256 maxAge,
        uint256 agingRate,
        uint256 acceptedModels,
        Terms memory terms
    ) MarginConsumer(oracle, maxAge, agingRate, acceptedModels) LenderPool(terms.asset) {
        if (
            terms.baseAdvance == 0 ||
            terms.baseAdvance >= terms.baseThreshold ||
            terms.baseAdvance > terms.marginAdvance ||
            terms.baseThreshold > terms.hardThreshold ||
            terms.marginAdvance >= terms.hardThreshold ||
            terms.hardThreshold > MAXIMUM_THRESHOLD ||
            terms.collateral == terms.asset
        ) revert InvalidTerms();
        // At the hard threshold the collateral must still pay debt and bonus.
        if (uint256(terms.hardThreshold) * (WAD + terms.bonus) > WAD * WAD) revert InvalidTerms();
        collateral = terms.collateral;
        baseAdvance = terms.baseAdvance;
        marginAdvance = terms.marginAdvance;
        baseThreshold = terms.baseThreshold;
        hardThreshold = terms.hardThreshold;
        bonus = terms.bonus;
        grace = terms.grace;
        _collateralAggregator = terms.collateralFeed;
        _collateralPriceAge = terms.collateralPriceAge;
        _collateralScale = _scale(terms.collateral, terms.collateralFeed);
        _assetAggregator = terms.assetFeed;
        _assetPriceAge = terms.assetPriceAge;
        _assetScale = _scale(terms.asset, terms.assetFeed);
    }

    /// @notice Puts up collateral.
    /// @param amount Smallest units.
    function deposit(uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Loan storage loan = loanOf[msg.sender];
        loan.collateral = (uint256(loan.collateral) + amount).toUint128();
        emit Deposited(msg.sender, amount);
        SafeTransferLib.safeTransferFrom(collateral, msg.sender, address(this), amount);
    }

    /// @notice Takes collateral back, as far as the rest still allows the debt.
    /// @param amount Smallest units.
    /// @param update Empty, or one signed record to pull.
    function withdraw(uint256 amount, bytes calldata update) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Loan storage loan = loanOf[msg.sender];
        if (amount > loan.collateral) revert ExceedsPosition(loan.collateral, amount);
        loan.collateral = (loan.collateral - amount).toUint128();
        if (loan.debt != 0) _requireAdvance(loan, 0, update);
        emit Withdrawn(msg.sender, amount);
        SafeTransferLib.safeTransfer(collateral, msg.sender, amount);
    }

    /// @notice Borrows. Above the base advance a fresh record must show free equity for this and for everything borrowed
    /// that it cannot have seen.
    /// @param amount Smallest units.
    /// @param update Empty, or one signed record to pull.
    function borrow(uint256 amount, bytes calldata update) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Loan storage loan = loanOf[msg.sender];
        loan.debt = (uint256(loan.debt) + amount).toUint128();
        uint256 quote = _assetFeed().valueUp(amount);
        _requireAdvance(loan, quote, update);
        loan.unseen = (loan.unseen + quote).toUint128();
        loan.lastBorrowAt = block.timestamp.toUint64();
        emit Borrowed(msg.sender, amount);
        _lend(msg.sender, amount);
    }

    /// @notice Repays debt of anyone. Asks neither prices nor records, so it always works; more than the debt repays the
    /// debt, so that a small repayment in front cannot make a full one fail.
    /// @param borrower Whose debt.
    /// @param amount Smallest units.
    function repay(address borrower, uint256 amount) external nonReentrant {
        Loan storage loan = loanOf[borrower];
        if (amount > loan.debt) amount = loan.debt;
        if (amount == 0) revert ZeroAmount();
        loan.debt = (loan.debt - amount).toUint128();
        emit Repaid(borrower, amount);
        _collect(msg.sender, amount);
    }

    /// @notice Repays debt of a loan that may be liquidated, for its collateral and a bonus.
    /// @param borrower Whose loan.
    /// @param amount Debt to repay, smallest units; more than the debt repays the debt.
    /// @param minimum Collateral demanded, smallest units.
    /// @param update Empty, or one signed record to pull.
    /// @return seized Collateral received, smallest units, rounded down.
    function liquidate(
        address borrower,
        uint256 amount,
        uint256 minimum,
        bytes calldata update
    ) external nonReentrant returns (uint256 seized) {
        if (update.length != 0) oracle.verify(update);
        if (!isLiquidatable(borrower)) revert NotLiquidatable(borrower);
        Loan storage loan = loanOf[borrower];
        if (amount > loan.debt) amount = loan.debt;
        if (amount == 0) revert ZeroAmount();
        uint256 value = (_assetFeed().valueDown(amount) * (WAD + bonus)) / WAD;
        seized = _collateralFeed().amountDown(value);
        if (seized > loan.collateral) seized = loan.collateral;
        if (seized < minimum) revert SeizureBelowMinimum(seized, minimum);
        loan.collateral = (loan.collateral - seized).toUint128();
        uint256 rest = loan.debt - amount;
        // Debt without collateral is the lenders' loss from here on, not a number that pretends to be an asset.
        uint256 writtenOff = loan.collateral == 0 ? rest : 0;
        loan.debt = (rest - writtenOff).toUint128();
        emit Liquidated(borrower, msg.sender, amount, seized, writtenOff);
        _collect(msg.sender, amount);
        _writeOff(writtenOff);
        SafeTransferLib.safeTransfer(collateral, msg.sender, seized);
    }

    /// @inheritdoc IMarginDebt
    function debtOf(address account) external view returns (uint256 debt) {
        return _debtValue(loanOf[account]);
    }

    /// @notice Whether a loan may be liquidated: above the hard threshold always; above the base threshold when a fresh
    /// record shows equity below the maintenance margin, or after silence beyond maximum age and grace, unless the registry
    /// itself refuses records. A loan that base terms bear is never liquidated, whatever a record says or does not say.
    /// @param borrower Whose loan.
    /// @return True when it may.
    function isLiquidatable(address borrower) public view returns (bool) {
        Loan storage loan = loanOf[borrower];
        if (loan.debt == 0) return false;
        uint256 debt = _debtValue(loan);
        uint256 held = _collateralFeed().valueDown(loan.collateral);
        if (debt > (held * hardThreshold) / WAD) return true;
        if (debt <= (held * baseThreshold) / WAD) return false;
        (IMarginOracle.Status status, IMarginOracle.Margin memory margin) = oracle.tryMarginOf(borrower, maxAge);
        // Any model in force speaks here: a record of another one than new loans accept is no silence.
        if (status == IMarginOracle.Status.Fresh) {
            return int256(margin.equity) < int256(uint256(margin.maintenanceMargin));
        }
        if (status == IMarginOracle.Status.Suspended) return false;
        // A pulled record leaves no trace in the registry, so the loan remembers the newest one it was granted on.
        uint256 heardAt = loan.lastRecordAt;
        if (margin.observedAt > heardAt) heardAt = margin.observedAt;
        return block.timestamp > heardAt + maxAge + grace;
    }

    /// @dev Reverts unless the collateral allows the debt; above the base advance also unless a record shows free equity
    /// for `quote` and for what it cannot have seen.
    function _requireAdvance(Loan storage loan, uint256 quote, bytes calldata update) private {
        uint256 debt = _debtValue(loan);
        uint256 held = _collateralFeed().valueDown(loan.collateral);
        if (debt <= (held * baseAdvance) / WAD) return;
        uint256 limit = (held * marginAdvance) / WAD;
        if (debt > limit) revert AdvanceExceeded(debt, limit);
        IMarginOracle.Margin memory margin = _pull(msg.sender, update);
        // Only a block after that of the last borrow is sure to show it.
        if (margin.observedAt > loan.lastBorrowAt) loan.unseen = 0;
        _requireMargin(msg.sender, loan.unseen + quote, margin);
        if (margin.observedAt > loan.lastRecordAt) loan.lastRecordAt = margin.observedAt;
    }

    function _debtValue(Loan storage loan) private view returns (uint256) {
        return loan.debt == 0 ? 0 : _assetFeed().valueUp(loan.debt);
    }

    function _collateralFeed() private view returns (ChainlinkValue.Feed memory) {
        return ChainlinkValue.Feed(_collateralAggregator, _collateralPriceAge, _collateralScale);
    }

    function _assetFeed() private view returns (ChainlinkValue.Feed memory) {
        return ChainlinkValue.Feed(_assetAggregator, _assetPriceAge, _assetScale);
    }

    function _scale(address token, AggregatorV3Interface feed) private view returns (uint256) {
        return 10 ** (uint256(IERC20Metadata(token).decimals()) + feed.decimals());
    }
}
