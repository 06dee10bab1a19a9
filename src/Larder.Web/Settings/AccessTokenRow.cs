using Larder.Registry.Access;

namespace Larder.Web.Settings;

/// <summary>A token in a list.</summary>
/// <param name="Token">The row.</param>
/// <param name="Level">What it is in its place; null for a person's own, and for one that is no member any more.</param>
/// <param name="IsInUse">Whether the reader has signed in with it.</param>
public sealed record AccessTokenRow(PersonalAccessToken Token, long? Level = null, bool IsInUse = false);
