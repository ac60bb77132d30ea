// Where typedoc writes the pages of docs/api (`npm run docs`): those of the package's main entry into docs/api itself, those of
// its other entries into folders with their names.
import type { Application, DeclarationReflection, ProjectReflection } from "typedoc";
import { MemberRouter } from "typedoc-plugin-markdown";

class ApiRouter extends MemberRouter {
  override buildPages(project: ProjectReflection) {
    const pages = super.buildPages(project);
    // Without a URL, every entry's page has the project's name as its title.
    this.fullUrls.set(project, this.getFileName(this.entryFileName));
    return pages;
  }

  override getIdealBaseName(reflection: DeclarationReflection): string {
    return super.getIdealBaseName(reflection).replace(/^pulumi-libvirt-hotplug\//, "");
  }
}

export function load(app: Application): void {
  app.renderer.defineRouter("api", ApiRouter);
}
