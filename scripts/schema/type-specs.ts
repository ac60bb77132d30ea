// TypeScript's types as those of a Pulumi schema.
import ts from "typescript";
import { type Documentation, documentationOf, valueDescriptions } from "./documentation.ts";

/** A type, by Pulumi's metaschema. */
export type TypeSpec =
  | { type: "string" | "integer" | "number" | "boolean" }
  | { type: "array"; items: TypeSpec }
  | { $ref: string }
  | { oneOf: TypeSpec[] };

export type PropertySpec = TypeSpec & Documentation & { secret?: true };

export interface ObjectSpec {
  description?: string;
  properties: Record<string, PropertySpec>;
  required: string[];
}

interface EnumSpec {
  type: "string" | "integer";
  description?: string;
  enum: { name?: string; description?: string; value: string | number }[];
}

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassDeclaration;
type Member = ts.PropertySignature | ts.PropertyDeclaration;

/** What a number in an enumeration is called. */
const NUMBER_NAMES: Record<number, string> = { 32: "Bits32", 64: "Bits64" };

/** The types of a package, found in TypeScript's syntax. Each one is added to `types` where it is first mentioned. */
export class TypeSpecs {
  /** By token, as in `libvirt-hotplug:index:Hotplug`. */
  readonly types: Record<string, ({ type: "object" } & ObjectSpec) | EnumSpec> = {};
  readonly #package: string;
  readonly #declarations = new Map<string, Declaration>();

  constructor(packageName: string, sources: readonly ts.SourceFile[]) {
    this.#package = packageName;
    for (const source of sources) {
      source.forEachChild((node) => {
        if (
          ts.isInterfaceDeclaration(node) ||
          ts.isTypeAliasDeclaration(node) ||
          (ts.isClassDeclaration(node) && node.name !== undefined)
        ) {
          this.#declarations.set((node.name as ts.Identifier).text, node);
        }
      });
    }
  }

  /** The token of a type or resource of this package. */
  token(name: string): string {
    return `${this.#package}:index:${name}`;
  }

  /** The properties of an interface or class; the required ones are those that are never undefined. */
  object(name: string): ObjectSpec {
    const declaration = this.#declaration(name);
    if (ts.isTypeAliasDeclaration(declaration)) throw new Error(`${name} isn't an interface or class`);
    const properties: ObjectSpec["properties"] = {};
    const required: string[] = [];
    for (const member of declaration.members) {
      // A class has a constructor as well.
      if (!(ts.isPropertySignature(member) || ts.isPropertyDeclaration(member))) continue;
      const property = (member.name as ts.Identifier).text;
      properties[property] = { ...this.#memberType(member), ...documentationOf(member) };
      if (member.questionToken === undefined && !mayBeUndefined(member.type)) required.push(property);
    }
    const { description } = documentationOf(declaration);
    return { ...(description !== undefined && { description }), properties, required };
  }

  #declaration(name: string): Declaration {
    const found = this.#declarations.get(name);
    if (found === undefined) throw new Error(`the type ${name} isn't declared in the sources of the schema`);
    return found;
  }

  #memberType(member: Member): TypeSpec {
    if (member.type === undefined) throw new Error(`${member.getText()} has no type`);
    return this.#type(member.type, member);
  }

  /** @param owner what an enumeration without a name of its own is named after */
  #type(node: ts.TypeNode, owner: Member | ts.TypeAliasDeclaration): TypeSpec {
    if (ts.isParenthesizedTypeNode(node)) return this.#type(node.type, owner);
    if (ts.isTypeReferenceNode(node)) return this.#reference(node, owner);
    if (ts.isIndexedAccessTypeNode(node)) return this.#memberType(this.#memberOf(node));
    if (ts.isArrayTypeNode(node)) return { type: "array", items: this.#type(node.elementType, owner) };
    if (ts.isUnionTypeNode(node)) return this.#union(node, owner);
    if (ts.isLiteralTypeNode(node)) return literalType(node);
    if (node.kind === ts.SyntaxKind.StringKeyword) return { type: "string" };
    if (node.kind === ts.SyntaxKind.BooleanKeyword) return { type: "boolean" };
    // Only a size may have a fraction ("Size"): what is counted is an integer.
    if (node.kind === ts.SyntaxKind.NumberKeyword) {
      return { type: ts.isTypeAliasDeclaration(owner) ? "number" : "integer" };
    }
    throw new Error(`the type ${node.getText()} has no form in a schema`);
  }

  #reference(node: ts.TypeReferenceNode, owner: Member | ts.TypeAliasDeclaration): TypeSpec {
    const name = node.typeName.getText();
    const [argument] = node.typeArguments ?? [];
    if (/^(pulumi\.)?(Input|Output)$/.test(name) && argument !== undefined)
      return this.#type(argument, owner);
    const declaration = this.#declaration(name);
    if (ts.isTypeAliasDeclaration(declaration)) return this.#type(declaration.type, declaration);
    // The languages add "Args" themselves.
    const token = this.token(name.replace(/(Args|Output)$/, ""));
    if (!Object.hasOwn(this.types, token)) {
      // The place of the type, before those that it mentions.
      this.types[token] = { type: "object", properties: {}, required: [] };
      this.types[token] = { type: "object", ...this.object(name) };
    }
    return { $ref: `#/types/${token}` };
  }

  /** The member that `Interface["member"]` means. */
  #memberOf(node: ts.IndexedAccessTypeNode): Member {
    const name = node.objectType.getText();
    const key = ts.isLiteralTypeNode(node.indexType) ? node.indexType.literal : undefined;
    const declaration = this.#declaration(name);
    const member =
      key !== undefined && ts.isStringLiteral(key) && ts.isInterfaceDeclaration(declaration)
        ? declaration.members.find((one) => one.name?.getText() === key.text)
        : undefined;
    if (member === undefined || !ts.isPropertySignature(member)) {
      throw new Error(`${node.getText()} isn't a property of an interface`);
    }
    return member;
  }

  #union(node: ts.UnionTypeNode, owner: Member | ts.TypeAliasDeclaration): TypeSpec {
    const parts = node.types.filter(({ kind }) => kind !== ts.SyntaxKind.UndefinedKeyword);
    const literals = parts.filter(ts.isLiteralTypeNode).map(({ literal }) => literal);
    const values = literals.map(literalValue).filter((value) => value !== undefined);
    if (values.length === parts.length && values.length > 1) return this.#enumeration(values, owner);
    const specs = parts.map((part) => this.#type(part, owner));
    const unique = [...new Map(specs.map((spec) => [JSON.stringify(spec), spec])).values()];
    return unique[0] !== undefined && unique.length === 1 ? unique[0] : { oneOf: unique };
  }

  #enumeration(values: (string | number)[], owner: Member | ts.TypeAliasDeclaration): TypeSpec {
    const token = this.token(enumName(owner));
    const { description = "" } = documentationOf(owner);
    const descriptions = valueDescriptions(description);
    this.types[token] = {
      type: typeof values[0] === "number" ? "integer" : "string",
      // The list of values is that of the enumeration itself.
      description: description.split("\n- ")[0]?.replace(/:$/, ".") ?? "",
      enum: values.map((value) => {
        const text = descriptions.get(String(value));
        return {
          ...nameOf(value),
          value,
          ...(text !== undefined && { description: text }),
        };
      }),
    };
    return { $ref: `#/types/${token}` };
  }
}

function mayBeUndefined(node: ts.TypeNode | undefined): boolean {
  if (node === undefined) return true;
  if (node.kind === ts.SyntaxKind.UndefinedKeyword) return true;
  if (ts.isUnionTypeNode(node)) return node.types.some(mayBeUndefined);
  return ts.isTypeReferenceNode(node) && (node.typeArguments ?? []).some(mayBeUndefined);
}

/** The value of a literal that can be in an enumeration. */
function literalValue(literal: ts.LiteralTypeNode["literal"]): string | number | undefined {
  if (ts.isStringLiteral(literal)) return literal.text;
  return ts.isNumericLiteral(literal) ? Number(literal.text) : undefined;
}

function literalType({ literal }: ts.LiteralTypeNode): TypeSpec {
  if (ts.isStringLiteral(literal)) return { type: "string" };
  return { type: ts.isNumericLiteral(literal) ? "integer" : "boolean" };
}

/** `HotplugArgs.device` is `HotplugDevice`: short names such as `Device` would mean too much in a program. */
function enumName(owner: Member | ts.TypeAliasDeclaration): string {
  if (ts.isTypeAliasDeclaration(owner)) return owner.name.text;
  const parent = (owner.parent as ts.InterfaceDeclaration | ts.ClassDeclaration).name?.text ?? "";
  const member = (owner.name as ts.Identifier).text;
  return `${parent.replace(/(Args|Output)$/, "")}${capitalized(member)}`;
}

/** A name for a value that most languages can't make an identifier from. */
function nameOf(value: string | number): { name?: string } {
  if (typeof value === "string") {
    // TPM 2.0.
    if (/^\d/.test(value)) return { name: `Version${value.replaceAll(".", "_")}` };
    const words = value.split("-");
    return words.length === 1 ? {} : { name: words.map(capitalized).join("") };
  }
  const name = NUMBER_NAMES[value];
  if (name === undefined) throw new Error(`the value ${value} of an enumeration has no name`);
  return { name };
}

function capitalized(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
