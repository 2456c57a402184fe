// Package voicexml is the grammar of the XML that answers a voice callback, for
// every package that writes or reads it: the elements and attributes that Africa's
// Talking documents, the values that they take, and the escaping of text.
package voicexml
