import { ScanQrCode } from "lucide-react";
import { lazy, Suspense, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, Banner, Button, IconButton, TextField } from "@/design";
import { readPaymentText, readTag, shortAddress } from "@/lib/address";
import { compare, formatAmount, typedAmount, XRP } from "@/lib/amount";
import { problemText } from "@/lib/problem";
import { AmountPad } from "./AmountPad";
import { type AssetChoice, spendingChoices, usualSpend } from "./asset-choices";
import { AssetPicker } from "./AssetPicker";
import { type Payee, payeeOf } from "./payment";

const ScanSheet = lazy(async () => ({ default: (await import("./ScanSheet")).ScanSheet }));

const NOTE_LENGTH_MAX = 200;
/** In the ledger a character takes up to four bytes of 512. */
const MEMO_LENGTH_MAX = 128;

/** What arrives, and what it is paid with. */
export interface Chosen {
  asset: string;
  spendAsset: string;
}

interface ComposeProps {
  /** What may arrive; a single one where nothing is to be chosen. */
  choices: readonly AssetChoice[];
  chosen: Chosen;
  onChosen: (chosen: Chosen) => void;
  /** Who was chosen already; null: an address is typed here. */
  fixed: Payee | null;
  value: string;
  onValue: (value: string) => void;
  note: string;
  onNote: (note: string) => void;
  memo: string;
  onMemo: (memo: string) => void;
  busy: boolean;
  problem: unknown;
  onNext: (payee: Payee, value: string) => void;
}

/** Who, how much, and a note. */
export function Compose(props: ComposeProps) {
  const { choices, chosen, onChosen, fixed, value, onValue, note, onNote, memo, onMemo } = props;
  const { busy, problem, onNext } = props;
  const { t } = useTranslation("transfers");
  const { t: problems } = useTranslation("problems");
  const [typed, setTyped] = useState("");
  const [tag, setTag] = useState("");
  const [scanning, setScanning] = useState(false);
  const amountNote = useId();
  const payee = fixed ?? withTag(payeeOf(typed), tag);
  const { asset, spendAsset } = chosen;
  const payable = spendingChoices(choices, asset);
  const spendable = payable.find((choice) => choice.asset === spendAsset)?.spendable ?? {
    value: "0",
    asset: spendAsset,
  };
  const amount = typedAmount(value, asset);
  // Of an exchange the price is not known yet.
  const tooMuch = amount !== null && asset === spendAsset && compare(amount, spendable.value) > 0;
  const addressWrong = fixed === null && typed.trim() !== "" && payee === null;
  const ready = payee !== null && amount !== null && compare(amount, "0") > 0 && !tooMuch;
  const chooseAsset = (next: string) => {
    onChosen({ asset: next, spendAsset: usualSpend(choices, next) });
    if (typedAmount(value, next) === null) onValue("");
  };
  /** Typed, pasted or scanned: a link also proposes tag, amount and memo, and nothing that was typed is lost. */
  const take = (text: string) => {
    const read = readPaymentText(text);
    setTyped(read !== null && text.includes("?") ? read.address : text);
    if (read === null) return;
    if (read.tag !== null) setTag(String(read.tag));
    if (read.value !== null) {
      // Links name XRP alone.
      onChosen({ asset: XRP, spendAsset: XRP });
      onValue(read.value);
    }
    if (read.memo !== "") onMemo(read.memo.slice(0, MEMO_LENGTH_MAX));
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onNext(payee, amount);
      }}
    >
      {fixed === null ? (
        <div className="flex flex-col gap-3">
          <TextField
            label={t("to.address")}
            value={typed}
            onChange={(event) => take(event.currentTarget.value)}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            error={addressWrong ? t("to.address_wrong") : undefined}
            trailing={
              <IconButton label={t("scan.title")} onClick={() => setScanning(true)}>
                <ScanQrCode size={22} aria-hidden="true" />
              </IconButton>
            }
          />
          {scanning && (
            <Suspense>
              <ScanSheet
                onText={(text) => {
                  setScanning(false);
                  take(text);
                }}
                onClose={() => setScanning(false)}
              />
            </Suspense>
          )}
          <TextField
            label={t("to.tag")}
            hint={t("to.tag_hint")}
            value={tag}
            onChange={(event) => setTag(event.currentTarget.value)}
            inputMode="numeric"
            autoComplete="off"
            error={tag !== "" && readTag(tag) === null ? t("to.tag_wrong") : undefined}
          />
        </div>
      ) : (
        <PayeeLine payee={fixed} />
      )}
      <AmountPad
        label={t("amount")}
        value={value}
        onChange={onValue}
        invalid={tooMuch}
        describedBy={amountNote}
        asset={asset}
      />
      <p id={amountNote} className={tooMuch ? "text-center text-small text-danger" : "text-center text-small text-text-3"}>
        {tooMuch
          ? t("amount_too_much", { amount: formatAmount(spendable) })
          : t("spendable", { amount: formatAmount(spendable) })}
      </p>
      {choices.length > 1 && (
        <AssetPicker label={t("assets.arrives")} choices={choices} value={asset} onChange={chooseAsset} />
      )}
      {(payable.length > 1 || spendAsset !== asset) && (
        <AssetPicker
          label={t("assets.pays_with")}
          choices={payable}
          value={spendAsset}
          onChange={(next) => onChosen({ asset, spendAsset: next })}
        />
      )}
      {spendAsset !== asset && <Banner>{t("assets.exchange")}</Banner>}
      <TextField
        label={t("note")}
        value={note}
        maxLength={NOTE_LENGTH_MAX}
        placeholder={t("note_placeholder")}
        onChange={(event) => onNote(event.currentTarget.value)}
      />
      {payee !== null && !("person" in payee) && (
        <TextField
          label={t("memo")}
          hint={t("memo_hint")}
          value={memo}
          maxLength={MEMO_LENGTH_MAX}
          autoComplete="off"
          onChange={(event) => onMemo(event.currentTarget.value)}
        />
      )}
      {problem !== null && (
        <Banner tone="danger" role="alert">
          {problemText(problems, problem)}
        </Banner>
      )}
      <Button type="submit" tone="primary" size="large" wide disabled={!ready} busy={busy}>
        {t("next")}
      </Button>
    </form>
  );
}

function withTag(payee: Payee | null, tag: string): Payee | null {
  if (payee === null || "person" in payee || tag === "") return payee;
  const read = readTag(tag);
  if (read === null || (payee.tag !== null && payee.tag !== read)) return null;
  return { ...payee, tag: read };
}

/** Who is paid, in a line. */
export function PayeeLine({ payee }: { payee: Payee }) {
  const { t } = useTranslation("transfers");
  if ("person" in payee) {
    const { person } = payee;
    return (
      <div className="flex items-center gap-3">
        <Avatar id={person.id} name={person.name} picture={person.picture_url} />
        <p className="min-w-0 truncate text-body font-semibold">{t("to.person", { name: person.name })}</p>
      </div>
    );
  }
  return (
    <p className="text-body font-semibold">{t("to.person", { name: shortAddress(payee.address) })}</p>
  );
}
