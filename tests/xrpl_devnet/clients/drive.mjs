/**
 * Drives a node with unmodified xrpl.js over each transaction type. Arguments: the node's WebSocket address and the folder that
 * holds `node_modules`. Prints one JSON line a transaction; exits 1 at the first result that is not the expected one.
 */
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";

const [address, modules] = process.argv.slice(2);
const xrpl = createRequire(`${modules}/package.json`)("xrpl");
const { Client, ECDSA, Wallet, convertStringToHex: hex } = xrpl;

const master = Wallet.fromSeed("snoPBrXtMeMyMHUVTgbuqAfg1SUTb", { algorithm: ECDSA.secp256k1 });
const client = new Client(address);
await client.connect();

async function close() {
  await client.request({ command: "ledger_accept" });
}

async function validated(hash) {
  const { result } = await client.request({ command: "tx", transaction: hash });
  if (result.validated !== true) throw new Error(`${hash} is not validated`);
  return result;
}

/** Submit a signed blob, close, and check the validated result. */
async function settle(kind, blob, expected) {
  const { result } = await client.submit(blob);
  await close();
  const hash = result.tx_json.hash ?? result.hash ?? xrpl.hashes.hashSignedTx(blob);
  const final = await validated(hash);
  console.log(JSON.stringify({ kind, result: final.meta.TransactionResult }));
  if (final.meta.TransactionResult !== expected) {
    throw new Error(`${kind}: ${final.meta.TransactionResult}, expected ${expected}`);
  }
  return final;
}

/** Fill in, sign, submit, close. */
async function run(wallet, tx, expected = "tesSUCCESS") {
  const prepared = await client.autofill({ Account: wallet.address, ...tx });
  return settle(tx.TransactionType, wallet.sign(prepared).tx_blob, expected);
}

async function person() {
  const wallet = Wallet.generate();
  await run(master, { TransactionType: "Payment", Destination: wallet.address, Amount: "1000000000" });
  return wallet;
}

async function time() {
  const { result } = await client.request({ command: "ledger", ledger_index: "validated" });
  return result.ledger.close_time;
}

const sequenceOf = (final) => final.tx_json.Sequence;
const created = (final, type) =>
  final.meta.AffectedNodes.find((node) => node.CreatedNode?.LedgerEntryType === type).CreatedNode.LedgerIndex;

const [issuer, alice, bob, carol] = [await person(), await person(), await person(), await person()];
const usd = (value, by = issuer) => ({ currency: "USD", issuer: by.address, value: String(value) });

// Issued currencies, offers, freezing, clawback.
await run(issuer, { TransactionType: "AccountSet", SetFlag: 16 });
await run(issuer, { TransactionType: "AccountSet", SetFlag: 8, TransferRate: 1_005_000_000 });
for (const holder of [alice, bob]) {
  await run(holder, { TransactionType: "TrustSet", LimitAmount: usd(1000), Flags: 0x00020000 });
}
await run(issuer, { TransactionType: "Payment", Destination: alice.address, Amount: usd(100) });
await run(alice, { TransactionType: "Payment", Destination: bob.address, Amount: usd(10), SendMax: usd(11) });
await run(alice, { TransactionType: "Payment", Destination: bob.address, Amount: usd(10) }, "tecPATH_PARTIAL");
await run(alice, { TransactionType: "OfferCreate", TakerGets: usd(20), TakerPays: "40000000" });
const bridged = await run(carol, {
  TransactionType: "Payment",
  Destination: bob.address,
  Amount: usd(5),
  SendMax: "11000000",
});
if (bridged.meta.delivered_amount.value !== "5") throw new Error("delivered something else");
const offer = await run(bob, { TransactionType: "OfferCreate", TakerGets: usd(1), TakerPays: "900000000" });
await run(bob, { TransactionType: "OfferCancel", OfferSequence: sequenceOf(offer) });
await run(issuer, { TransactionType: "TrustSet", LimitAmount: usd(0, bob), Flags: 0x00100000 });
await run(bob, { TransactionType: "Payment", Destination: alice.address, Amount: usd(1), SendMax: usd(2) }, "tecPATH_DRY");
await run(issuer, { TransactionType: "TrustSet", LimitAmount: usd(0, bob), Flags: 0x00400000 });
await run(issuer, { TransactionType: "Clawback", Amount: usd(1, bob) });

// Keys, signers, tickets.
const spare = Wallet.generate();
await run(alice, { TransactionType: "SetRegularKey", RegularKey: spare.address });
const withSpare = await client.autofill({ TransactionType: "AccountSet", Account: alice.address, Domain: hex("example.org") });
await settle("AccountSet", spare.sign(withSpare).tx_blob, "tesSUCCESS");
const signers = [Wallet.generate(), Wallet.generate()];
await run(alice, {
  TransactionType: "SignerListSet",
  SignerQuorum: 2,
  SignerEntries: signers.map((wallet) => ({ SignerEntry: { Account: wallet.address, SignerWeight: 1 } })),
});
const many = await client.autofill(
  { TransactionType: "Payment", Account: alice.address, Destination: bob.address, Amount: "1000000" },
  signers.length,
);
await settle("Payment", xrpl.multisign(signers.map((wallet) => wallet.sign(many, true).tx_blob)), "tesSUCCESS");
const tickets = await run(bob, { TransactionType: "TicketCreate", TicketCount: 2 });
await run(bob, {
  TransactionType: "Payment",
  Destination: alice.address,
  Amount: "1000000",
  Sequence: 0,
  TicketSequence: sequenceOf(tickets) + 1,
});

// Escrows, checks, channels.
const preimage = randomBytes(32);
const fulfillment = Buffer.concat([Buffer.from("A0228020", "hex"), preimage]).toString("hex").toUpperCase();
const digest = createHash("sha256").update(preimage).digest("hex");
const condition = `A0258020${digest}810120`.toUpperCase();
const later = (await time()) + 10_000;
const locked = await run(alice, {
  TransactionType: "EscrowCreate",
  Destination: bob.address,
  Amount: "5000000",
  Condition: condition,
  CancelAfter: later,
});
await run(bob, {
  TransactionType: "EscrowFinish",
  Owner: alice.address,
  OfferSequence: sequenceOf(locked),
  Condition: condition,
  Fulfillment: fulfillment,
});
const brief = await run(alice, {
  TransactionType: "EscrowCreate",
  Destination: bob.address,
  Amount: "5000000",
  FinishAfter: (await time()) + 1_000,
  CancelAfter: (await time()) + 2_000,
});
await client.request({ command: "ledger_accept", close_time: (await time()) + 3_000 });
await run(carol, { TransactionType: "EscrowCancel", Owner: alice.address, OfferSequence: sequenceOf(brief) });
const check = await run(alice, { TransactionType: "CheckCreate", Destination: bob.address, SendMax: "3000000" });
await run(bob, { TransactionType: "CheckCash", CheckID: created(check, "Check"), Amount: "2000000" });
const other = await run(alice, { TransactionType: "CheckCreate", Destination: bob.address, SendMax: "3000000" });
await run(alice, { TransactionType: "CheckCancel", CheckID: created(other, "Check") });
const channel = await run(alice, {
  TransactionType: "PaymentChannelCreate",
  Destination: bob.address,
  Amount: "10000000",
  SettleDelay: 60,
  PublicKey: alice.publicKey,
});
const channelId = created(channel, "PayChannel");
await run(alice, { TransactionType: "PaymentChannelFund", Channel: channelId, Amount: "1000000" });
await run(bob, {
  TransactionType: "PaymentChannelClaim",
  Channel: channelId,
  Balance: "4000000",
  Amount: "4000000",
  Signature: xrpl.signPaymentChannelClaim(channelId, "4", alice.privateKey),
  PublicKey: alice.publicKey,
});

// Credentials, preauthorisation, identifiers.
const kind = hex("known");
await run(issuer, { TransactionType: "CredentialCreate", Subject: carol.address, CredentialType: kind });
await run(carol, { TransactionType: "CredentialAccept", Issuer: issuer.address, CredentialType: kind });
await run(bob, { TransactionType: "AccountSet", SetFlag: 9 });
await run(carol, { TransactionType: "Payment", Destination: bob.address, Amount: "2000000" }, "tecNO_PERMISSION");
await run(bob, {
  TransactionType: "DepositPreauth",
  AuthorizeCredentials: [{ Credential: { Issuer: issuer.address, CredentialType: kind } }],
});
const { result: objects } = await client.request({ command: "account_objects", account: carol.address, type: "credential" });
await run(carol, {
  TransactionType: "Payment",
  Destination: bob.address,
  Amount: "2000000",
  CredentialIDs: [objects.account_objects[0].index],
});
await run(bob, { TransactionType: "DepositPreauth", Authorize: alice.address });
await run(carol, { TransactionType: "CredentialDelete", Issuer: issuer.address, CredentialType: kind });
await run(carol, { TransactionType: "DIDSet", URI: hex("did:example") });
await run(carol, { TransactionType: "DIDDelete" });
await run(bob, { TransactionType: "AccountSet", ClearFlag: 9 });

// Multi-purpose tokens.
const issuance = await run(issuer, { TransactionType: "MPTokenIssuanceCreate", AssetScale: 2, MaximumAmount: "1000", Flags: 0x20 | 0x02 });
const tokenId = issuance.meta.mpt_issuance_id;
await run(alice, { TransactionType: "MPTokenAuthorize", MPTokenIssuanceID: tokenId });
await run(issuer, {
  TransactionType: "Payment",
  Destination: alice.address,
  Amount: { mpt_issuance_id: tokenId, value: "7" },
});
await run(issuer, { TransactionType: "MPTokenIssuanceSet", MPTokenIssuanceID: tokenId, Flags: 1 });
await run(issuer, { TransactionType: "MPTokenIssuanceDestroy", MPTokenIssuanceID: tokenId }, "tecHAS_OBLIGATIONS");

// Batch.
const batch = await client.autofill({
  TransactionType: "Batch",
  Account: carol.address,
  Flags: 0x00010000,
  RawTransactions: [bob, alice].map((to) => ({
    RawTransaction: {
      TransactionType: "Payment",
      Account: carol.address,
      Destination: to.address,
      Amount: "1000000",
      Flags: 0x40000000,
    },
  })),
});
await settle("Batch", carol.sign(batch).tx_blob, "tesSUCCESS");
const { result: history } = await client.request({ command: "account_tx", account: carol.address, limit: 3 });
const inner = history.transactions.filter(({ meta }) => meta.ParentBatchID !== undefined);
if (inner.length !== 2) throw new Error(`${inner.length} inner transactions in the ledger, expected 2`);

// An account that goes.
const leaver = await person();
for (let closes = 0; closes < 257; closes += 1) await close();
await run(leaver, { TransactionType: "AccountDelete", Destination: carol.address });

await client.disconnect();
