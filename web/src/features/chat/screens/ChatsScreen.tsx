import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { PageHeader, SplitView } from "@/design";
import { useShowsDetail } from "@/lib/pane";

export function ChatsScreen() {
  const { t } = useTranslation("chat");
  return (
    <SplitView showsDetail={useShowsDetail()} list={<PageHeader title={t("title")} large />}>
      <Outlet />
    </SplitView>
  );
}
