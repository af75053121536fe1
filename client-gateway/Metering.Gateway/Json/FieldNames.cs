using System.Text;
using System.Text.Json;

namespace Metering.Gateway.Json;

/// <summary>The fields an object may have. A field is known by its place in the list.</summary>
internal sealed class FieldNames(params string[] names)
{
    private readonly byte[][] _utf8 = [.. names.Select(Encoding.UTF8.GetBytes)];

    public string this[int field] => names[field];

    /// <summary>The place of the property the reader stands on, or −1.</summary>
    public int Find(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        for (var i = 0; i < _utf8.Length; i++)
        {
            // An escaped name is legal and rare; it is compared after unescaping.
            if (reader.ValueIsEscaped ? reader.ValueTextEquals(_utf8[i]) : name.SequenceEqual(_utf8[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
