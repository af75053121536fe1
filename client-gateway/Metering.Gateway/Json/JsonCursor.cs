using System.Buffers.Text;
using System.Text.Json;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Reads the value the cursor stands on: an element of a list.</summary>
internal delegate T ReadHere<out T>(ref JsonCursor json);

/// <summary>
/// Reads a body once, forwards, strictly: fields that are not known, fields given twice and values of another type are faults with
/// their paths, and reading goes on behind them, so that a caller learns of all of them at once. A null is a field left out.
/// </summary>
/// <remarks>
/// Throws <see cref="JsonException"/> only where the text is not JSON, for then nothing behind it can be read either.
/// Amounts and times go from their text to their value directly.
/// </remarks>
internal ref struct JsonCursor
{
    public const int MaxDepth = 16;

    // No escaped number or time that is valid is longer.
    private const int MaxPlainLength = 256;

    private Utf8JsonReader _reader;

    /// <summary>Stands on the body's value.</summary>
    /// <param name="body">UTF-8, whole.</param>
    /// <param name="faults">Where faults go, until others are set.</param>
    public JsonCursor(ReadOnlySpan<byte> body, Faults faults)
    {
        if (!System.Text.Unicode.Utf8.IsValid(body))
        {
            throw new JsonException("The body is not UTF-8.");
        }

        Faults = faults;
        _reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        _reader.Read();
    }

    public Faults Faults { get; set; }

    /// <summary>True when the value is an object, whose fields are next; otherwise a fault of the field.</summary>
    public bool IsObject(string field) => Is(JsonTokenType.StartObject, field, "an object");

    /// <summary>True when the value is an array, whose elements are next; otherwise a fault of the field.</summary>
    public bool IsArray(string field) => Is(JsonTokenType.StartArray, field, "an array");

    /// <summary>As <see cref="IsObject(string)"/>, for an array's element or the body.</summary>
    public bool IsObjectHere()
    {
        if (_reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        Faults.AddHere(FaultCodes.WrongType, "It must be an object.");
        _reader.Skip();
        return false;
    }

    /// <summary>Goes to the value of the next known field that is given, or past the object's end.</summary>
    public bool NextField(FieldNames names, ref uint seen, out int field)
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            field = IsReadable() ? names.Find(ref _reader) : -1;
            if (field < 0)
            {
                Faults.Add(NameOrReplacement(), FaultCodes.UnknownField, "There is no such field.");
                _reader.Skip();
                continue;
            }

            _reader.Read();
            var bit = 1u << field;
            if ((seen & bit) != 0)
            {
                Faults.Add(names[field], FaultCodes.Duplicate, "It is given more than once.");
                _reader.Skip();
                continue;
            }

            seen |= bit;
            if (_reader.TokenType != JsonTokenType.Null)
            {
                return true;
            }
        }

        field = -1;
        return false;
    }

    /// <summary>Goes to the array's next element, or past its end.</summary>
    public bool NextElement() => _reader.Read() && _reader.TokenType != JsonTokenType.EndArray;

    /// <summary>Passes over the value.</summary>
    public void Skip() => _reader.Skip();

    /// <summary>Nothing may follow the body's value.</summary>
    public void End() => _reader.Read();

    public string? Text(string field)
    {
        Faults.Enter(field);
        var text = TextHere();
        Faults.Leave();
        return text;
    }

    public decimal? Number(string field)
    {
        if (_reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
        {
            Faults.Add(field, FaultCodes.WrongType, "It must be a decimal number, best in a string.");
            _reader.Skip();
            return null;
        }

        switch (DecimalText.TryParse(Plain(stackalloc byte[MaxPlainLength]), out var value))
        {
            case DecimalFault.None:
                return value;
            case DecimalFault.TooPrecise:
                Faults.Add(field, FaultCodes.TooPrecise, "It may have at most 9 decimal places.");
                return null;
            case DecimalFault.OutOfRange:
                Faults.Add(field, FaultCodes.OutOfRange, "It must be from 0 to 999999999999999999.999999999.");
                return null;
            case DecimalFault.BadFormat:
            default:
                Faults.Add(field, FaultCodes.BadFormat, "It must be a decimal number, such as \"0.072\".");
                return null;
        }
    }

    public int? WholeNumber(string field)
    {
        Faults.Enter(field);
        var number = WholeNumberHere();
        Faults.Leave();
        return number;
    }

    public int? WholeNumberHere()
    {
        if (_reader.TokenType != JsonTokenType.Number)
        {
            Faults.AddHere(FaultCodes.WrongType, "It must be a whole number.");
            _reader.Skip();
            return null;
        }

        var fault = DecimalText.TryParse(_reader.ValueSpan, out var value);
        if (fault == DecimalFault.TooPrecise || (fault == DecimalFault.None && value != decimal.Truncate(value)))
        {
            Faults.AddHere(FaultCodes.BadFormat, "It must be a whole number.");
            return null;
        }

        if (fault != DecimalFault.None || value is < int.MinValue or > int.MaxValue)
        {
            Faults.AddHere(FaultCodes.OutOfRange, "It is too large.");
            return null;
        }

        return (int)value;
    }

    /// <summary>A whole number beyond what many languages' numbers hold exactly, and so in a string too.</summary>
    public long? LongNumber(string field)
    {
        if (_reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
        {
            Faults.Add(field, FaultCodes.WrongType, "It must be a whole number.");
            _reader.Skip();
            return null;
        }

        var text = Plain(stackalloc byte[MaxPlainLength]);
        var fault = DecimalText.TryParse(text, out var value);
        if (fault == DecimalFault.None && value == decimal.Truncate(value))
        {
            return (long)value;
        }

        // An amount has at most 18 digits before the point; these may have one more.
        if (fault == DecimalFault.OutOfRange && Utf8Parser.TryParse(text, out long number, out var length) && length == text.Length)
        {
            return number;
        }

        var tooLarge = fault == DecimalFault.OutOfRange;
        Faults.Add(field, tooLarge ? FaultCodes.OutOfRange : FaultCodes.BadFormat, tooLarge ? "It is too large." : "It must be a whole number.");
        return null;
    }

    public bool? Flag(string field)
    {
        if (_reader.TokenType is JsonTokenType.True or JsonTokenType.False)
        {
            return _reader.GetBoolean();
        }

        Faults.Add(field, FaultCodes.WrongType, "It must be true or false.");
        _reader.Skip();
        return null;
    }

    public DateTimeOffset? Instant(string field)
    {
        if (!Is(JsonTokenType.String, field, "a string"))
        {
            return null;
        }

        if (InstantText.TryParse(Plain(stackalloc byte[MaxPlainLength]), out var instant))
        {
            return instant;
        }

        Faults.Add(field, FaultCodes.BadFormat, "It must be a time with its offset, such as 2026-01-31T12:00:00Z.");
        return null;
    }

    public T? Choice<T>(EnumNames<T> names, string field)
        where T : struct, Enum
    {
        Faults.Enter(field);
        var value = ChoiceHere(names);
        Faults.Leave();
        return value;
    }

    /// <summary>Pairs of texts. Those past the limit are not kept, but one, so that the count shows it.</summary>
    public Dictionary<string, string>? Pairs(string field, int maxPairs)
    {
        if (!IsObject(field))
        {
            return null;
        }

        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        Faults.Enter(field);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = NameOrReplacement();
            var readable = IsReadable();
            _reader.Read();
            if (!readable)
            {
                Faults.Add(name, FaultCodes.BadFormat, "The name is not valid Unicode.");
                _reader.Skip();
            }
            else if (Text(name) is { } value && (pairs.ContainsKey(name) || pairs.Count <= maxPairs) && !pairs.TryAdd(name, value))
            {
                Faults.Add(name, FaultCodes.Duplicate, "It is given more than once.");
            }
        }

        Faults.Leave();
        return pairs;
    }

    /// <summary>A list of texts. Those past the limit are not kept, but one, so that the count shows it.</summary>
    public List<string>? Texts(string field, int maxTexts) =>
        // What is not a text leaves its place behind, and its fault at that place: the elements after it keep their paths.
        List(field, maxTexts, static (ref JsonCursor json) => json.TextHere() ?? "");

    /// <summary>A list read element by element, as <see cref="Texts"/> is; <paramref name="read"/> leaves something in the place of what it cannot read.</summary>
    public List<T>? List<T>(string field, int max, ReadHere<T> read)
    {
        if (!IsArray(field))
        {
            return null;
        }

        var list = new List<T>();
        Faults.Enter(field);
        for (var i = 0; NextElement(); i++)
        {
            Faults.Enter(i);
            if (list.Count <= max)
            {
                list.Add(read(ref this));
            }
            else
            {
                _reader.Skip();
            }

            Faults.Leave();
        }

        Faults.Leave();
        return list;
    }

    /// <summary>The value as one of an enumeration's names; null, and a fault of where we are, when it is none.</summary>
    public T? ChoiceHere<T>(EnumNames<T> names)
        where T : struct, Enum
    {
        if (TextHere() is not { } text)
        {
            return null;
        }

        if (names.TryParse(text, out var value))
        {
            return value;
        }

        Faults.AddHere(FaultCodes.BadFormat, $"It must be one of {names.All}.");
        return null;
    }

    private string? TextHere()
    {
        if (_reader.TokenType != JsonTokenType.String)
        {
            Faults.AddHere(FaultCodes.WrongType, "It must be a string.");
            _reader.Skip();
            return null;
        }

        if (IsReadable())
        {
            return _reader.GetString();
        }

        Faults.AddHere(FaultCodes.BadFormat, "It is not valid Unicode.");
        return null;
    }

    private bool Is(JsonTokenType expected, string field, string called)
    {
        if (_reader.TokenType == expected)
        {
            return true;
        }

        Faults.Add(field, FaultCodes.WrongType, $"It must be {called}.");
        _reader.Skip();
        return false;
    }

    /// <summary>The value's text; some serializers escape the plus sign of an offset. Empty when it cannot be unescaped.</summary>
    private readonly ReadOnlySpan<byte> Plain(Span<byte> buffer)
    {
        if (!_reader.ValueIsEscaped)
        {
            return _reader.ValueSpan;
        }

        return _reader.ValueSpan.Length > buffer.Length || !IsReadable() ? [] : buffer[.._reader.CopyString(buffer)];
    }

    private string NameOrReplacement() => IsReadable() ? _reader.GetString()! : "\uFFFD";

    /// <summary>
    /// False for half a surrogate pair written as an escape, which is JSON but no text: the reader has no way to ask
    /// beforehand, so the rare escaped string is tried.
    /// </summary>
    private readonly bool IsReadable()
    {
        if (!_reader.ValueIsEscaped)
        {
            return true;
        }

        try
        {
            _reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
