/**
 * Where the model's text can be read in two ways, the reading that the reference takes.
 * docs/differential.md tells the sentences and which reading charges more.
 */
export const readings = {
  /** Long options past their expiry carry the paper haircut on top of the expired haircut. */
  paperHaircutOnExpired: false,
  /** Options past their expiry count in the oracle-confidence line with the confidence of the spot. */
  oracleConfidenceOnExpired: false,
  /** Perpetuals on one underlying in one venue account net in the oracle-confidence line whatever they are paid in. */
  perpetualsNetAcrossQuotes: true,
  /** An enforceable wallet can fail like a venue. */
  enforceableWalletFails: true,
  /** Within a group that fails together, accounts below zero count against those above. */
  groupEquityNets: false,
  /** A settlement window of which nothing is observed yet is open: the full gap rate applies. */
  windowIsOpenBeforeFirstObservation: false,
}
