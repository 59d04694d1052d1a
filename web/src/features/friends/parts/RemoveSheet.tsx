import { useTranslation } from "react-i18next";
import { Sheet, toast } from "@/design";
import { problemText } from "@/lib/problem";
import type { Person, RemovalSide } from "@/lib/wire";
import { useRemoveFriend } from "../queries";

interface RemoveSheetProps {
  person: Person;
  open: boolean;
  onClose: () => void;
  onRemoved: () => void;
}

const SIDES = ["one", "both"] as const satisfies readonly RemovalSide[];

/** Whose list a friend leaves: mine, or both. */
export function RemoveSheet({ person, open, onClose, onRemoved }: RemoveSheetProps) {
  const { t } = useTranslation("friends");
  const { t: problems } = useTranslation("problems");
  const remove = useRemoveFriend();
  const { name } = person;
  return (
    <Sheet
      open={open}
      onOpenChange={onClose}
      title={t("remove.title", { name })}
      description={t("remove.body")}
    >
      <ul className="flex flex-col gap-2 pt-2">
        {SIDES.map((side) => (
          <li key={side}>
            <button
              type="button"
              disabled={remove.isPending}
              onClick={() =>
                remove.mutate(
                  { userId: person.id, side },
                  {
                    onSuccess: () => {
                      toast(t("remove.done"));
                      onClose();
                      onRemoved();
                    },
                    onError: (problem) => toast(problemText(problems, problem), { tone: "danger" }),
                  },
                )
              }
              className="flex w-full flex-col gap-0.5 rounded-card bg-sunken px-4 py-3.5 text-left transition-colors duration-100 hover:bg-hover disabled:opacity-50"
            >
              <span className="font-semibold text-danger">{t(`remove.${side}`)}</span>
              <span className="text-small text-text-2">{t(`remove.${side}_hint`, { name })}</span>
            </button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
