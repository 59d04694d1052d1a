import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { PageHeader, SplitView } from "@/design";
import { useShowsDetail } from "@/lib/pane";

export function MoreScreen() {
  const { t } = useTranslation("more");
  return (
    <SplitView showsDetail={useShowsDetail()} list={<PageHeader title={t("title")} large />}>
      <Outlet />
    </SplitView>
  );
}
