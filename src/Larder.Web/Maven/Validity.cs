using System.Globalization;

namespace Larder.Web.Maven;

/// <summary>The words for how long a copy is fresh.</summary>
internal static class Validity
{
    private const long HoursOfDay = 24;

    /// <param name="hours">0 for ever.</param>
    public static string Text(long hours) => hours switch
    {
        0 => "ever",
        1 => "1 hour",
        > HoursOfDay * 2 when hours % HoursOfDay == 0 => string.Create(CultureInfo.InvariantCulture, $"{hours / HoursOfDay} days"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{hours} hours"),
    };
}
